import GRDB

/// Reading a range within one read transaction.
enum SQLiteRange {
    static func read(_ request: RangeRequest, in database: Database) throws -> RangeResult {
        let newest = try SQLiteSchema.revision(database)
        let compacted = try SQLiteSchema.compactedRevision(database)
        let at = request.revision ?? newest
        guard at <= newest else { throw StoreError.futureRevision(requested: at, current: newest) }
        guard at >= compacted else { throw StoreError.compacted(requested: at, compacted: compacted) }

        var result = RangeResult(keyValues: [], revision: at, more: false, count: 0)
        let lastID = SQLiteSchema.lastID(of: at)
        let limit = request.limit ?? .max
        let keys = try RawStatement(database, "SELECT key, id, create_revision FROM keys WHERE key >= ? ORDER BY key")
        let row = try RawStatement(database, "SELECT create_revision, previous, value FROM history WHERE id = ?")
        try keys.bind(.text(request.range.start))
        defer {
            keys.reset()
            row.reset()
        }
        while try keys.step() {
            let key = keys.text(0)
            guard request.range.contains(key) else { break }
            var id = keys.integer(1)
            var createRevision = keys.integer(2)
            // Back to the state at that revision. A row that compaction took away was a deletion.
            while id > lastID {
                try row.bind(.integer(id))
                guard try row.step() else {
                    createRevision = 0
                    break
                }
                id = row.integer(1)
                guard id > 0 else {
                    createRevision = 0
                    break
                }
                try row.bind(.integer(id))
                createRevision = try row.step() ? row.integer(0) : 0
            }
            guard createRevision > 0 else { continue }
            guard result.keyValues.count < limit else {
                result.more = true
                if !request.countsAll { break }
                result.count += 1
                continue
            }
            result.count += 1
            try row.bind(.integer(id))
            guard try row.step(), let value = row.bytes(2) else {
                throw DatabaseError(
                    resultCode: .SQLITE_CORRUPT, message: "key \(key) has no value at revision \(SQLiteSchema.revision(ofID: id))")
            }
            result.keyValues.append(
                KeyValue(key: key, value: value, createRevision: createRevision, modRevision: SQLiteSchema.revision(ofID: id)))
        }
        return result
    }
}
