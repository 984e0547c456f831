/// The contents of a `MemoryStore`: keys, their history and the log of changes. Plain state, no locks, no time of its own.
struct MemoryData {
    /// A key as one transaction left it.
    private struct Version {
        var revision: Int64
        var createRevision: Int64
        /// nil: deleted.
        var value: [UInt8]?
    }

    struct Expiry {
        var time: Int64
        var key: String
        /// Only the state that this revision wrote is to expire.
        var revision: Int64
    }

    private(set) var revision: Int64 = 0
    private(set) var compacted: Int64 = 0
    /// Every key with a history, sorted.
    private var keys: [ExactKey] = []
    /// Oldest first; never empty.
    private var versions: [ExactKey: [Version]] = [:]
    /// Changes after the compacted revision.
    private var log: [StoreEvent] = []
    /// Soonest first. Entries whose key has been written again since are passed over when their time comes.
    private(set) var expiries: [Expiry] = []

    func range(_ request: RangeRequest) throws(StoreError) -> RangeResult {
        let at = request.revision ?? revision
        guard at <= revision else { throw .futureRevision(requested: at, current: revision) }
        guard at >= compacted else { throw .compacted(requested: at, compacted: compacted) }
        var result = RangeResult(keyValues: [], revision: at, more: false, count: 0)
        var index = position(of: ExactKey(request.range.start))
        while index < keys.count, request.range.contains(keys[index].text) {
            if let keyValue = keyValue(of: keys[index], at: at) {
                if result.keyValues.count < request.limit ?? .max {
                    result.keyValues.append(keyValue)
                } else {
                    result.more = true
                    if !request.countsAll { break }
                }
                result.count += 1
            }
            index += 1
        }
        return result
    }

    mutating func apply(_ transaction: Transaction, now: Int64) -> (CommitResult, [StoreEvent]) {
        for condition in transaction.conditions {
            let actual = keyValue(of: ExactKey(condition.key), at: revision)?.modRevision ?? 0
            if actual != condition.modRevision { return (.conflict(condition, modRevision: actual), []) }
        }
        let next = revision + 1
        var events: [StoreEvent] = []
        for operation in transaction.operations {
            let key = ExactKey(operation.key)
            let current = keyValue(of: key, at: revision)
            switch operation {
            case .put(_, let value, let timeToLive):
                let new = KeyValue(
                    key: key.text, value: value, createRevision: current?.createRevision ?? next, modRevision: next)
                add(Version(revision: next, createRevision: new.createRevision, value: value), to: key)
                events.append(.put(new))
                if let timeToLive { addExpiry(of: key.text, in: timeToLive, now: now, revision: next) }
            case .delete:
                guard let current else { continue }
                add(Version(revision: next, createRevision: 0, value: nil), to: key)
                events.append(.delete(last: current, revision: next))
            }
        }
        if !events.isEmpty { revision = next }
        log += events
        return (.committed(revision: revision), events)
    }

    func events(after revision: Int64) -> [StoreEvent] {
        var low = 0
        var high = log.count
        while low < high {
            let middle = (low + high) / 2
            if log[middle].revision <= revision { low = middle + 1 } else { high = middle }
        }
        return Array(log[low...])
    }

    mutating func compact(to target: Int64) {
        guard target > compacted else { return }
        compacted = target
        log.removeAll { $0.revision <= target }
        for key in keys {
            guard var history = versions[key] else { continue }
            // What was the state at `target` stays, unless it was that the key did not exist.
            let kept = history.lastIndex { $0.revision <= target } ?? 0
            history.removeFirst(kept)
            if let first = history.first, first.value == nil, first.revision <= target { history.removeFirst() }
            versions[key] = history.isEmpty ? nil : history
        }
        keys.removeAll { versions[$0] == nil }
    }

    /// Keys whose time has run out; they are forgotten here and must be deleted by the caller.
    mutating func takeExpiredKeys(now: Int64, limit: Int) -> [String] {
        var taken: [String] = []
        var passed = 0
        while passed < expiries.count, expiries[passed].time <= now, taken.count < limit {
            let expiry = expiries[passed]
            if keyValue(of: ExactKey(expiry.key), at: revision)?.modRevision == expiry.revision { taken.append(expiry.key) }
            passed += 1
        }
        expiries.removeFirst(passed)
        return taken
    }

    private func keyValue(of key: ExactKey, at revision: Int64) -> KeyValue? {
        guard let version = versions[key]?.last(where: { $0.revision <= revision }), let value = version.value else { return nil }
        return KeyValue(key: key.text, value: value, createRevision: version.createRevision, modRevision: version.revision)
    }

    private mutating func add(_ version: Version, to key: ExactKey) {
        if versions[key] == nil { keys.insert(key, at: position(of: key)) }
        versions[key, default: []].append(version)
    }

    private mutating func addExpiry(of key: String, in timeToLive: Duration, now: Int64, revision: Int64) {
        let (time, overflow) = now.addingReportingOverflow(timeToLive.milliseconds)
        if overflow { return }
        let index = expiries.lastIndex { $0.time <= time }.map { $0 + 1 } ?? 0
        expiries.insert(Expiry(time: time, key: key, revision: revision), at: index)
    }

    /// Where `key` is, or would have to be inserted.
    private func position(of key: ExactKey) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
