/// How API servers that share etcd agree on who compacts: as upstream's do, by a key whose version counts the times it has been done. Who raises it
/// compacts this time; who finds it raised by another does not.
struct EtcdCompaction {
    /// In etcd as it is, under no prefix.
    static let key = "compact_rev_key"

    /// The oldest revision that can be read, as far as it is known here.
    var revision: Int64 = 0
    private var version: Int64 = 0

    /// What to ask etcd before compacting to a revision.
    func claim(_ revision: Int64) -> EtcdTxnRequest {
        var compare = EtcdCompare()
        compare.result = .equal
        compare.target = .version
        compare.key.append(contentsOf: Self.key.utf8)
        compare.version = version
        var raise = EtcdRequestOp()
        raise.requestPut.key = compare.key
        raise.requestPut.value.append(contentsOf: "\(revision)".utf8)
        var look = EtcdRequestOp()
        look.requestRange.key = compare.key
        var request = EtcdTxnRequest()
        request.compare = [compare]
        request.success = [raise]
        request.failure = [look]
        return request
    }

    /// - Returns: whether the claim was made.
    mutating func take(_ response: EtcdTxnResponse) -> Bool {
        if response.succeeded {
            version += 1
            return true
        }
        guard let found = response.responses.first?.responseRange.kvs.first else {
            version = 0
            return false
        }
        version = found.version
        if let revision = Int64(String(decoding: found.value, as: UTF8.self)) { self.revision = max(self.revision, revision) }
        return false
    }
}
