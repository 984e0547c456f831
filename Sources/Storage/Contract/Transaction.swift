/// Changes that are made together or not at all, and what must hold for them to be made.
package struct Transaction: Sendable {
    /// Holds when the key was last written at `modRevision`; 0: when the key does not exist.
    package struct Condition: Sendable, Equatable {
        package var key: String
        package var modRevision: Int64

        package init(key: String, modRevision: Int64) {
            self.key = key
            self.modRevision = modRevision
        }
    }

    package enum Operation: Sendable {
        /// Writes a key. A time to live begins with the commit and replaces the one the key had; nil makes the key permanent.
        case put(key: String, value: [UInt8], timeToLive: Duration? = nil)
        /// Deletes a key; one that does not exist is left at that.
        case delete(key: String)

        package var key: String {
            switch self {
            case .put(let key, _, _), .delete(let key): key
            }
        }
    }

    /// All must hold.
    package var conditions: [Condition]
    /// Each key at most once.
    package var operations: [Operation]

    package init(conditions: [Condition] = [], operations: [Operation]) {
        self.conditions = conditions
        self.operations = operations
    }

    /// Writes a key that must not exist yet.
    package static func create(key: String, value: [UInt8], timeToLive: Duration? = nil) -> Transaction {
        Transaction(
            conditions: [Condition(key: key, modRevision: 0)], operations: [.put(key: key, value: value, timeToLive: timeToLive)])
    }

    /// Writes a key that must still be as it was at `modRevision`.
    package static func update(key: String, modRevision: Int64, value: [UInt8], timeToLive: Duration? = nil) -> Transaction {
        Transaction(
            conditions: [Condition(key: key, modRevision: modRevision)],
            operations: [.put(key: key, value: value, timeToLive: timeToLive)])
    }

    /// Deletes a key that must still be as it was at `modRevision`.
    package static func delete(key: String, modRevision: Int64) -> Transaction {
        Transaction(conditions: [Condition(key: key, modRevision: modRevision)], operations: [.delete(key: key)])
    }
}

/// What became of a transaction.
package enum CommitResult: Sendable, Equatable {
    /// Made and durable, at this revision. A transaction that had nothing to change takes no revision and reports the newest one.
    case committed(revision: Int64)
    /// Nothing was changed: this condition did not hold. `modRevision` is the key's actual one, 0 when it does not exist.
    case conflict(Transaction.Condition, modRevision: Int64)

    /// The revision of a transaction that was made.
    package var revision: Int64? {
        switch self {
        case .committed(let revision): revision
        case .conflict: nil
        }
    }
}

/// What a store accepts.
package enum StoreLimits {
    package static let keyBytesMax = 1024
    package static let valueBytesMax = 8 << 20
    package static let operationsPerTransactionMax = 128

    /// Says what is wrong with a transaction that no store may accept.
    package static func check(_ transaction: Transaction) throws(StoreError) {
        guard transaction.operations.count <= operationsPerTransactionMax else {
            throw .invalid("a transaction of \(transaction.operations.count) operations; at most \(operationsPerTransactionMax) are allowed")
        }
        for condition in transaction.conditions {
            guard condition.modRevision >= 0 else {
                throw .invalid("a condition on revision \(condition.modRevision) of key \(condition.key); revisions are not negative")
            }
        }
        for operation in transaction.operations {
            let length = operation.key.utf8.count
            guard length > 0, length <= keyBytesMax else {
                throw .invalid("a key of \(length) bytes; 1 to \(keyBytesMax) are allowed")
            }
            if case .put(let key, let value, let timeToLive) = operation {
                guard value.count <= valueBytesMax else {
                    throw .invalid("a value of \(value.count) bytes for key \(key); at most \(valueBytesMax) are allowed")
                }
                if let timeToLive, timeToLive <= .zero {
                    throw .invalid("a time to live of \(timeToLive) for key \(key); it must be positive")
                }
            }
        }
        guard transaction.operations.count > 1 else { return }
        var keys = Set<ExactKey>()
        for operation in transaction.operations where !keys.insert(ExactKey(operation.key)).inserted {
            throw .invalid("key \(operation.key) occurs twice in one transaction")
        }
    }
}
