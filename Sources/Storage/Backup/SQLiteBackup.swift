import GRDB

/// A store of one file into a backup and back.
package enum SQLiteBackup {
    /// Reads the newest state while the store may be in use: in one transaction, for which nobody who writes waits.
    ///
    /// - Parameter time: milliseconds since 1970.
    /// - Throws: `BackupError`, or `StoreError` when it is the store that cannot be read.
    package static func write(
        _ store: String, to path: String, time: Int64 = SystemStoreClock().nowMilliseconds, replacing: Bool = false,
        reached: (@Sendable (StorePoint) -> Void)? = nil
    ) throws -> BackupSummary {
        guard fileExists(store) else { throw StoreError.inputOutput(file: store, detail: "there is no such file") }
        do {
            var settings = Configuration()
            settings.readonly = true
            settings.busyMode = .timeout(5)
            let queue = try DatabaseQueue(path: store, configuration: settings)
            defer { try? queue.close() }
            return try queue.read { database in
                try SQLiteSchema.check(database, file: store)
                // What is copied from a damaged store would look whole for ever.
                try SQLiteFile.checkPages(database, file: store)
                var writer = try BackupWriter(path, revision: try SQLiteSchema.revision(database), time: time, replacing: replacing)
                let rows = try RawStatement(
                    database,
                    """
                    SELECT keys.key, keys.id, keys.create_revision, keys.expires, history.value
                    FROM keys JOIN history ON history.id = keys.id WHERE keys.create_revision > 0 ORDER BY keys.key
                    """)
                try rows.bind()
                defer { rows.reset() }
                while try rows.step() {
                    reached?(.snapshot)
                    let id = rows.integer(1)
                    guard let value = rows.bytes(4) else {
                        throw StoreError.corrupt(file: store, detail: "key \(rows.text(0)) has no value")
                    }
                    let expires = rows.integer(3)
                    try writer.append(
                        BackupEntry(
                            keyValue: KeyValue(
                                key: rows.text(0), value: value, createRevision: rows.integer(2), modRevision: SQLiteSchema.revision(ofID: id)),
                            expires: expires == 0 ? nil : expires))
                }
                return try writer.finish()
            }
        } catch let error as BackupError {
            throw error
        } catch {
            throw StoreError(error, file: store)
        }
    }

    /// Makes the store of a backup, in a file of its own that then takes the store's place. Nobody may have the store open.
    ///
    /// - Parameter replacing: whether a store may be there. It is kept beside the new one.
    /// - Returns: the revision of the store, and where the one before is.
    /// - Throws: `BackupError`, or `StoreError` for the store.
    package static func restore(
        _ backup: borrowing BackupReader, to store: String, replacing: Bool, clock: any StoreClock = SystemStoreClock()
    ) throws -> (revision: Int64, replaced: String?) {
        let lock = try FileLock(for: store)
        defer { _ = lock }
        if fileExists(store), !replacing { throw BackupError.exists(store) }
        let now = clock.nowMilliseconds
        let revision = backup.summary.revisionAfterRestore(now: now)
        let made = "\(store).restored"
        for suffix in ["", "-journal", "-wal", "-shm"] { try? StoreFiles.remove(made + suffix) }
        do {
            try SQLiteFile.createPrivately(made)
            try fill(made, backup, revision)
            let replaced = fileExists(store) ? "\(store).replaced-\(now)" : nil
            try StoreFiles.exchange(store, for: made, keeping: replaced)
            return (revision, replaced)
        } catch {
            for suffix in ["", "-journal"] { try? StoreFiles.remove(made + suffix) }
            if error is BackupError { throw error }
            throw StoreError(error, file: store)
        }
    }

    private static func fill(_ file: String, _ backup: borrowing BackupReader, _ revision: Int64) throws {
        let queue = try DatabaseQueue(path: file)
        defer { try? queue.close() }
        try queue.inDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try SQLiteSchema.create(database)
            try database.inTransaction(.immediate) {
                let history = try RawStatement(database, "INSERT INTO history (id, key, create_revision, previous, value) VALUES (?, ?, ?, 0, ?)")
                let keys = try RawStatement(database, "INSERT INTO keys (key, id, create_revision, expires) VALUES (?, ?, ?, ?)")
                var last: Int64 = 0
                try backup.forEach { entry in
                    let found = entry.keyValue
                    // Changes of one transaction stand beside each other.
                    let id = max(SQLiteSchema.firstID(of: found.modRevision), last + 1)
                    guard id <= SQLiteSchema.lastID(of: found.modRevision) else {
                        throw BackupError.damaged(file: backup.path, detail: "too many keys were written at revision \(found.modRevision)")
                    }
                    try history.bind(.integer(id), .text(found.key), .integer(found.createRevision), .bytes(found.value))
                    try history.run()
                    try keys.bind(.text(found.key), .integer(id), .integer(found.createRevision), entry.expires.map { .integer($0) } ?? .null)
                    try keys.run()
                    last = id
                }
                // The newest row tells the store's revision: one that stands for all the changes that are not there.
                let newest = SQLiteSchema.firstID(of: revision)
                try history.bind(.integer(newest), .text("restored"), .integer(0), .null)
                try history.run()
                try database.execute(sql: "UPDATE progress SET compacted = ?, trimmed = ?", arguments: [revision, newest - 1])
                return .commit
            }
        }
    }
}
