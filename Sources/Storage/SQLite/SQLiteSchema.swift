import GRDB

/// What the database file looks like.
///
/// ```
/// history   id               revision * 1024 + place in the transaction: rows stand in the order of the changes
///           key
///           create_revision  0: this change deleted the key
///           previous         id of the key's row before this one; 0: the key was new to the history
///           value            null when deleted
/// keys      key
///           id               the key's newest row in history
///           create_revision  as there
///           expires          milliseconds since 1970, null: never
/// progress  compacted        revision: older ones cannot be read any more
///           trimmed          id: rows up to here have been looked at by compaction
/// ```
/// Every value stands once, in `history`; the current state is the rows that `keys` points at. `previous` leads back from there to any older
/// revision, and tells compaction, which walks along the history, which rows nobody can see any more. The newest row is never trimmed: it tells the
/// store's revision.
enum SQLiteSchema {
    static let version = 1
    /// "Apus", to tell a store from any other SQLite database.
    static let applicationID = 0x4170_7573

    static let ordinalBits = 10

    /// The id of the first change of a revision.
    static func firstID(of revision: Int64) -> Int64 { revision << ordinalBits }
    /// The greatest id that a change of a revision can have.
    static func lastID(of revision: Int64) -> Int64 { (revision << ordinalBits) | ((1 << ordinalBits) - 1) }
    static func revision(ofID id: Int64) -> Int64 { id >> ordinalBits }

    /// Checks that this is a database that the program understands, or an empty one.
    static func check(_ database: Database, file: String) throws {
        if try isEmpty(database) { return }
        let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        guard application == applicationID else { throw StoreError.corrupt(file: file, detail: "it is a database of some other program") }
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else { throw StoreError.newerSchema(file: file, found: found, supported: version) }
    }

    static func isEmpty(_ database: Database) throws -> Bool {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
    }

    static func create(_ database: Database) throws {
        try database.inTransaction(.immediate) {
            try database.execute(
                sql: """
                    CREATE TABLE history (
                        id INTEGER PRIMARY KEY, key TEXT NOT NULL, create_revision INTEGER NOT NULL, previous INTEGER NOT NULL, value BLOB
                    );
                    CREATE TABLE keys (
                        key TEXT PRIMARY KEY, id INTEGER NOT NULL, create_revision INTEGER NOT NULL, expires INTEGER
                    ) WITHOUT ROWID;
                    CREATE INDEX keys_expiring ON keys (expires) WHERE expires IS NOT NULL;
                    CREATE TABLE progress (id INTEGER PRIMARY KEY CHECK (id = 1), compacted INTEGER NOT NULL, trimmed INTEGER NOT NULL);
                    INSERT INTO progress VALUES (1, 0, 0);
                    PRAGMA application_id = \(applicationID);
                    PRAGMA user_version = \(version);
                    """)
            return .commit
        }
    }

    /// The revision of the newest change.
    static func revision(_ database: Database) throws -> Int64 {
        revision(ofID: try Int64.fetchOne(database.cachedStatement(sql: "SELECT max(id) FROM history")) ?? 0)
    }

    static func compactedRevision(_ database: Database) throws -> Int64 {
        try Int64.fetchOne(database.cachedStatement(sql: "SELECT compacted FROM progress")) ?? 0
    }
}

extension StoreError {
    /// What SQLite's complaint means to the users of a store.
    init(_ error: any Error, file: String) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_FULL:
                self = .diskFull(file: file)
            case .SQLITE_CORRUPT, .SQLITE_NOTADB:
                self = .corrupt(file: file, detail: error.message ?? "\(error.extendedResultCode)")
            default:
                self = .inputOutput(file: file, detail: "\(error.message ?? "no message") (SQLite code \(error.extendedResultCode.rawValue))")
            }
        default:
            self = .inputOutput(file: file, detail: "\(error)")
        }
    }
}
