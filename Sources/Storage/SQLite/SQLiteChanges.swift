import GRDB

/// The changes made within one transaction of SQLite: any number of the store's transactions, each with a revision of its own.
struct SQLiteChanges {
    /// The revision of the last change made.
    private(set) var revision: Int64
    private(set) var events: [StoreEvent] = []
    /// When the first of the keys written here expires.
    private(set) var nextExpiry: Int64?

    private let database: Database
    private let find: RawStatement
    private let insertHistory: RawStatement
    private let putKey: RawStatement

    init(_ database: Database, after revision: Int64) throws {
        self.database = database
        self.revision = revision
        find = try RawStatement(database, "SELECT id, create_revision FROM keys WHERE key = ?")
        insertHistory = try RawStatement(database, "INSERT INTO history (id, key, create_revision, previous, value) VALUES (?, ?, ?, ?, ?)")
        putKey = try RawStatement(
            database,
            """
            INSERT INTO keys (key, id, create_revision, expires) VALUES (?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET id = excluded.id, create_revision = excluded.create_revision, expires = excluded.expires
            """)
    }

    /// A key's newest row.
    private struct Newest {
        var id: Int64
        /// 0: deleted, or never there.
        var createRevision: Int64

        var modRevision: Int64 { createRevision == 0 ? 0 : SQLiteSchema.revision(ofID: id) }
    }

    mutating func apply(_ transaction: Transaction, now: Int64) throws -> CommitResult {
        // Nearly every transaction puts the key that it has a condition on: that is looked up once.
        var known: (key: String, newest: Newest)?
        for condition in transaction.conditions {
            let newest = try newest(condition.key)
            if newest.modRevision != condition.modRevision { return .conflict(condition, modRevision: newest.modRevision) }
            known = (condition.key, newest)
        }
        let next = revision + 1
        var id = SQLiteSchema.firstID(of: next)
        for operation in transaction.operations {
            let current: Newest
            if let found = known, found.key == operation.key {
                current = found.newest
                // The operation makes a newer one.
                known = nil
            } else {
                current = try newest(operation.key)
            }
            switch operation {
            case .put(let key, let value, let timeToLive):
                let createRevision = current.createRevision == 0 ? next : current.createRevision
                let expires = timeToLive.flatMap { expiry(in: $0, now: now) }
                try write(id, key, createRevision, previous: current.id, value: .bytes(value), expires: expires)
                events.append(.put(KeyValue(key: key, value: value, createRevision: createRevision, modRevision: next)))
            case .delete(let key):
                guard current.createRevision > 0 else { continue }
                let last = try SQLiteHistory.keyValue(key, id: current.id, in: database)
                try write(id, key, 0, previous: current.id, value: .null, expires: nil)
                events.append(.delete(last: last, revision: next))
            }
            id += 1
        }
        if id > SQLiteSchema.firstID(of: next) { revision = next }
        return .committed(revision: revision)
    }

    func expiredKeys(now: Int64, limit: Int) throws -> [String] {
        let expired = try RawStatement(database, "SELECT key FROM keys WHERE expires IS NOT NULL AND expires <= ? ORDER BY expires LIMIT ?")
        try expired.bind(.integer(now), .integer(Int64(limit)))
        var keys: [String] = []
        while try expired.step() { keys.append(expired.text(0)) }
        return keys
    }

    /// When the next key expires.
    func firstExpiry() throws -> Int64? {
        try Int64.fetchOne(database.cachedStatement(sql: "SELECT min(expires) FROM keys WHERE expires IS NOT NULL"))
    }

    private func newest(_ key: String) throws -> Newest {
        try find.bind(.text(key))
        guard try find.step() else { return Newest(id: 0, createRevision: 0) }
        defer { find.reset() }
        return Newest(id: find.integer(0), createRevision: find.integer(1))
    }

    private func write(
        _ id: Int64, _ key: String, _ createRevision: Int64, previous: Int64, value: RawStatement.Argument, expires: Int64?
    ) throws {
        try insertHistory.bind(.integer(id), .text(key), .integer(createRevision), .integer(previous), value)
        try insertHistory.run()
        try putKey.bind(.text(key), .integer(id), .integer(createRevision), expires.map { .integer($0) } ?? .null)
        try putKey.run()
    }

    /// nil when it is farther off than time can be counted.
    private mutating func expiry(in timeToLive: Duration, now: Int64) -> Int64? {
        let (time, overflow) = now.addingReportingOverflow(timeToLive.milliseconds)
        if overflow { return nil }
        nextExpiry = min(nextExpiry ?? time, time)
        return time
    }
}
