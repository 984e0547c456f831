import JSON
import Storage

/// The last step before the answer: one transaction that makes the change if nothing has come in between.
enum CompareAndWrite {
    static func create(_ object: JSONValue, key: String, _ strategy: Strategy, now: String) -> Transaction {
        var transaction = Transaction.create(key: key, value: stored(object), timeToLive: strategy.timeToLive)
        hold(strategy.holds?(object, now) ?? [], before: [], in: &transaction)
        return transaction
    }

    static func update(_ object: JSONValue, old: JSONValue, key: String, revision: Int64, _ strategy: Strategy, now: String) -> Transaction {
        var transaction = Transaction.update(key: key, modRevision: revision, value: stored(object), timeToLive: strategy.timeToLive)
        if let holds = strategy.holds { hold(holds(object, now), before: holds(old, now), in: &transaction) }
        return transaction
    }

    static func delete(_ old: JSONValue, key: String, revision: Int64, _ strategy: Strategy, now: String) -> Transaction {
        var transaction = Transaction.delete(key: key, modRevision: revision)
        if let holds = strategy.holds { hold([], before: holds(old, now), in: &transaction) }
        return transaction
    }

    /// What the object holds now and did not before must be free; what it no longer holds is freed.
    private static func hold(_ now: [HeldKey], before: [HeldKey], in transaction: inout Transaction) {
        for held in now where !before.contains(where: { $0.key == held.key }) {
            transaction.conditions.append(Transaction.Condition(key: held.key, modRevision: 0))
            transaction.operations.append(.put(key: held.key, value: held.value))
        }
        for held in before where !now.contains(where: { $0.key == held.key }) { transaction.operations.append(.delete(key: held.key)) }
    }

    /// Lists leave the kind out, and do not look further than the beginning for it.
    static func stored(_ object: JSONValue) -> [UInt8] {
        guard case .object(let members) = object else { return object.serialized() }
        return JSONValue.object(members.beginning(with: "apiVersion", "kind")).serialized()
    }

    /// The bytes of an object that a transaction of one of these kinds writes.
    static func value(of transaction: Transaction) -> [UInt8] {
        if case .put(_, let value, _)? = transaction.operations.first { value } else { [] }
    }
}

extension APIStatus {
    /// How a failure of the store looks to a client.
    static func storeFailure(_ error: StoreError) -> APIStatus {
        switch error {
        case .outcomeUnknown: .timeout("\(error)")
        case .closed: .serviceUnavailable("\(error)")
        case .invalid(let why): .requestEntityTooLarge(why)
        case .compacted: .expired("The resourceVersion for the provided list is too old.")
        default: .internalError("\(error)")
        }
    }
}
