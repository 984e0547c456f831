#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Between the store's terms and those of etcd's interface.
struct EtcdMessages: Sendable {
    /// etcd has no empty key: one zero byte as the start of a range means the first key, and as the end that there is no end.
    static let zero = Data([0])

    let keys: EtcdKeySpace

    func key(_ key: String) -> Data { Data(keys.inEtcd(key).utf8) }

    func range(_ range: KeyRange) -> EtcdRangeRequest {
        var request = EtcdRangeRequest()
        let start = key(range.start)
        request.key = start.isEmpty ? Self.zero : start
        request.rangeEnd = range.end.map(key) ?? Self.zero
        return request
    }

    func range(_ asked: RangeRequest) -> EtcdRangeRequest {
        var request = range(asked.range)
        request.revision = asked.revision ?? 0
        if let limit = asked.limit {
            if limit > 0 { request.limit = Int64(limit) } else { request.countOnly = true }
        }
        return request
    }

    func result(_ response: EtcdRangeResponse, of asked: RangeRequest) -> RangeResult {
        let found = response.kvs.compactMap(keyValue)
        let more = asked.limit == 0 ? response.count > 0 : response.more
        return RangeResult(
            keyValues: found, revision: asked.revision ?? response.header.revision, more: more,
            count: asked.countsAll ? Int(response.count) : found.count)
    }

    /// - Parameter leases: the lease of each operation; 0 for none.
    func transaction(_ transaction: Transaction, leases: [Int64]) -> EtcdTxnRequest {
        var request = EtcdTxnRequest()
        request.compare = transaction.conditions.map { condition in
            var compare = EtcdCompare()
            compare.result = .equal
            compare.target = .mod
            compare.key = key(condition.key)
            compare.modRevision = condition.modRevision
            return compare
        }
        request.success = zip(transaction.operations, leases).map { operation, lease in
            var request = EtcdRequestOp()
            switch operation {
            case .put(let name, let value, _):
                request.requestPut.key = key(name)
                request.requestPut.value = Data(value)
                request.requestPut.lease = lease
            case .delete(let name):
                request.requestDeleteRange.key = key(name)
            }
            return request
        }
        request.failure = transaction.conditions.map { condition in
            var request = EtcdRequestOp()
            request.requestRange.key = key(condition.key)
            request.requestRange.keysOnly = true
            return request
        }
        return request
    }

    func result(_ response: EtcdTxnResponse, of transaction: Transaction) throws(StoreError) -> CommitResult {
        if response.succeeded { return .committed(revision: response.header.revision) }
        for (condition, found) in zip(transaction.conditions, response.responses) {
            let actual = found.responseRange.kvs.first?.modRevision ?? 0
            if actual != condition.modRevision { return .conflict(condition, modRevision: actual) }
        }
        throw .inputOutput(file: "etcd", detail: "a transaction was refused whose conditions hold")
    }

    /// nil for somebody else's key.
    func keyValue(_ stored: EtcdKeyValue) -> KeyValue? {
        guard let key = keys.ours(stored.key) else { return nil }
        return KeyValue(key: key, value: [UInt8](stored.value), createRevision: stored.createRevision, modRevision: stored.modRevision)
    }

    /// nil for somebody else's key.
    func event(_ event: EtcdEvent) -> StoreEvent? {
        switch event.type {
        case .delete:
            guard let key = keys.ours(event.kv.key) else { return nil }
            let last = KeyValue(
                key: key, value: [UInt8](event.prevKv.value), createRevision: event.prevKv.createRevision, modRevision: event.prevKv.modRevision)
            return .delete(last: last, revision: event.kv.modRevision)
        default:
            return keyValue(event.kv).map { .put($0) }
        }
    }
}
