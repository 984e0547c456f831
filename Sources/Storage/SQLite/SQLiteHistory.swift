import GRDB

/// Walking along the history, and trimming it.
enum SQLiteHistory {
    /// The changes of a range with revisions greater than `start`, up to and including `end`.
    static func events(of range: KeyRange, after start: Int64, through end: Int64, in database: Database) throws -> [StoreEvent] {
        let rows = try RawStatement(
            database, "SELECT id, key, create_revision, previous FROM history WHERE id > ? AND id <= ? ORDER BY id")
        try rows.bind(.integer(SQLiteSchema.lastID(of: start)), .integer(SQLiteSchema.lastID(of: end)))
        defer { rows.reset() }
        var events: [StoreEvent] = []
        while try rows.step() {
            let key = rows.text(1)
            guard range.contains(key) else { continue }
            let id = rows.integer(0)
            if rows.integer(2) > 0 {
                events.append(.put(try keyValue(key, id: id, in: database)))
            } else {
                let last = try keyValue(key, id: rows.integer(3), in: database)
                events.append(.delete(last: last, revision: SQLiteSchema.revision(ofID: id)))
            }
        }
        return events
    }

    /// A key as one row of the history has it.
    static func keyValue(_ key: String, id: Int64, in database: Database) throws -> KeyValue {
        let row = try RawStatement(database, "SELECT create_revision, value FROM history WHERE id = ?")
        try row.bind(.integer(id))
        defer { row.reset() }
        let revision = SQLiteSchema.revision(ofID: id)
        guard try row.step(), let value = row.bytes(1) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "key \(key) has no value at revision \(revision)")
        }
        return KeyValue(key: key, value: value, createRevision: row.integer(0), modRevision: revision)
    }

    /// Goes one step on along the compacted part of the history and deletes what cannot be seen any more: of each change, what it replaced, and the
    /// change itself if it is a deletion.
    ///
    /// - Returns: whether there is more to do.
    static func trim(rows limit: Int, in database: Database, beforeCommit: () -> Void = {}) throws -> Bool {
        var isMore = false
        try database.inTransaction(.immediate) {
            let progress = try RawStatement(database, "SELECT compacted, trimmed, (SELECT max(id) FROM history) FROM progress")
            try progress.bind()
            guard try progress.step() else { return .rollback }
            let trimmed = progress.integer(1)
            // The newest row tells the revision and stays, even if it is a deletion.
            let end = min(SQLiteSchema.lastID(of: progress.integer(0)), progress.integer(2) - 1)
            progress.reset()
            guard trimmed < end else { return .rollback }

            let rows = try RawStatement(
                database, "SELECT id, key, create_revision, previous FROM history WHERE id > ? AND id <= ? ORDER BY id LIMIT ?")
            try rows.bind(.integer(trimmed), .integer(end), .integer(Int64(limit)))
            var seen: [(id: Int64, key: String, isDeletion: Bool, previous: Int64)] = []
            while try rows.step() { seen.append((rows.integer(0), rows.text(1), rows.integer(2) == 0, rows.integer(3))) }

            let delete = try RawStatement(database, "DELETE FROM history WHERE id = ?")
            let forget = try RawStatement(database, "DELETE FROM keys WHERE key = ? AND id = ?")
            for row in seen {
                if row.previous > 0 {
                    try delete.bind(.integer(row.previous))
                    try delete.run()
                }
                if row.isDeletion {
                    try delete.bind(.integer(row.id))
                    try delete.run()
                    try forget.bind(.text(row.key), .integer(row.id))
                    try forget.run()
                }
            }
            isMore = seen.count == limit
            let reached = isMore ? seen.last?.id ?? end : end
            let advance = try RawStatement(database, "UPDATE progress SET trimmed = ?")
            try advance.bind(.integer(reached))
            try advance.run()
            beforeCommit()
            return .commit
        }
        return isMore
    }
}
