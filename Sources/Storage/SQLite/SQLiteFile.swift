import GRDB

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Opening the database: nobody else has it, it is whole, and it is one of ours. A file with anything wrong is left as it is.
struct SQLiteFile: ~Copyable {
    let path: String
    let pool: DatabasePool
    /// Held for as long as the database is open.
    private let lock: FileLock

    init(path: String, configuration: SQLiteStore.Configuration) throws(StoreError) {
        self.path = path
        let lock = try FileLock(for: path)
        try Self.createPrivately(path)
        do {
            pool = try Self.openPool(path, configuration)
        } catch {
            let failure = StoreError(error, file: path)
            guard case .corrupt(let file, let detail, _) = failure else { throw failure }
            throw .corrupt(file: file, detail: detail, backup: BackupFolder(of: path).newestWhole())
        }
        self.lock = lock
    }

    /// An empty file that only its owner may read, for it will hold secrets; SQLite gives the files beside it the same permissions.
    static func createPrivately(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .inputOutput(file: path, detail: "failed to open it: \(errorText(errno))") }
        close(descriptor)
    }

    private static func openPool(_ path: String, _ configuration: SQLiteStore.Configuration) throws -> DatabasePool {
        var settings = Configuration()
        settings.maximumReaderCount = configuration.readersMax
        // Ours are the only connections of ours; this is for a person looking in with the sqlite3 shell.
        settings.busyMode = .timeout(5)
        settings.observesSuspensionNotifications = false
        try check(path, settings)
        let pool = try DatabasePool(path: path, configuration: settings)
        try pool.writeWithoutTransaction { database in
            // GRDB's choice is NORMAL, which may lose the last transactions with the power. What we acknowledge stays.
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(configuration.checkpointPages)")
            try database.execute(sql: "PRAGMA journal_size_limit = \(configuration.journalBytesKept)")
            try database.execute(sql: "PRAGMA cache_size = -\(configuration.cacheKilobytes)")
            if let limit = configuration.sizeBytesMax {
                let pageSize = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
                try database.execute(sql: "PRAGMA max_page_count = \(max(limit / pageSize, 16))")
            }
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? "unknown"
            guard mode == "wal" else {
                throw StoreError.inputOutput(file: path, detail: "its file system does not allow a write-ahead log (journal mode \(mode))")
            }
            if try SQLiteSchema.isEmpty(database) { try SQLiteSchema.create(database) }
        }
        return pool
    }

    /// Looks at the database through a connection that cannot write: opened in the usual way, a damaged or foreign one would be changed by that.
    private static func check(_ path: String, _ settings: Configuration) throws {
        var settings = settings
        settings.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: settings)
        defer { try? queue.close() }
        try queue.inDatabase { database in
            try SQLiteSchema.check(database, file: path)
            try checkPages(database, file: path)
        }
    }

    /// Finds broken pages and rows out of order; takes a fraction of a second for hundreds of megabytes.
    static func checkPages(_ database: Database, file: String) throws {
        let complaint = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer to quick_check"
        guard complaint == "ok" else { throw StoreError.corrupt(file: file, detail: complaint) }
    }
}
