import Crypto
import SwiftProtobuf

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A backup as a snapshot of etcd: what `etcdctl snapshot restore` makes the data of new members from.
///
/// Written into etcd's own file, every key keeps the revisions that it has had, which by way of etcd's interface it could not. The names of the buckets
/// and what stands in them are those of etcd 3.4 and later.
package enum EtcdSnapshot {
    /// - Parameter keys: what the keys are called in etcd.
    /// - Returns: the revision of the store.
    package static func write(
        _ backup: borrowing BackupReader, to path: String, keys: EtcdKeySpace, replacing: Bool, clock: any StoreClock = SystemStoreClock()
    ) throws -> Int64 {
        if !replacing, fileExists(path) { throw BackupError.exists(path) }
        let now = clock.nowMilliseconds
        let revision = backup.summary.revisionAfterRestore(now: now)
        let messages = EtcdMessages(keys: keys)
        var file = try PrivateFile(path)
        var pages = try BoltFile(&file)
        var leases = Leases(now: now)
        var place = Place()
        var history = BoltFile.Tree()
        try backup.forEach { entry in
            let keyValue = entry.keyValue
            var stored = EtcdKeyValue()
            stored.key = messages.key(keyValue.key)
            stored.value = Data(keyValue.value)
            stored.createRevision = keyValue.createRevision
            stored.modRevision = keyValue.modRevision
            stored.version = keyValue.createRevision == keyValue.modRevision ? 1 : 2
            stored.lease = entry.expires.map { leases.lease(until: $0) } ?? 0
            let bytes: [UInt8] = try stored.serializedBytes()
            try pages.add(place.next(keyValue.modRevision), bytes, to: &history, in: &file)
        }
        let root = try pages.finish(&history, in: &file)
        var ends = BoltFile.Tree()
        for lease in leases.all {
            let bytes: [UInt8] = try lease.serializedBytes()
            try pages.add(BoltFile.bigEndian(UInt64(bitPattern: lease.id)), bytes, to: &ends, in: &file)
        }
        let leaseRoot = try pages.finish(&ends, in: &file)
        // Everything before is compacted: whoever has followed the old store lists anew.
        let oldest = Place.key(revision, 0)
        let meta: [(key: [UInt8], value: [UInt8])] = [
            (Array("consistent_index".utf8), BoltFile.bigEndian(0)), (Array("finishedCompactRev".utf8), oldest),
            (Array("scheduledCompactRev".utf8), oldest),
        ]
        var buckets: [(name: String, value: [UInt8])] = [
            ("key", BoltFile.bucket(root)), ("lease", BoltFile.bucket(leaseRoot)), ("meta", BoltFile.inlineBucket(meta)),
        ]
        for name in ["alarm", "auth", "authRoles", "authUsers", "cluster", "members", "members_removed"] {
            buckets.append((name, BoltFile.inlineBucket([])))
        }
        buckets.sort { $0.name < $1.name }
        try pages.finish(buckets, in: &file)

        // What a snapshot that etcd itself hands out ends with.
        var digest = SHA256()
        try file.readBack { digest.update(bufferPointer: $0) }
        try file.append(Array(digest.finalize()))
        try file.place(replacing: replacing)
        return revision
    }

    /// Where changes stand in etcd's history: by their revision, and within it one after the other.
    private struct Place {
        private var revision: Int64 = 0
        private var ordinal: Int64 = 0

        mutating func next(_ revision: Int64) -> [UInt8] {
            ordinal = revision == self.revision ? ordinal + 1 : 0
            self.revision = revision
            return Self.key(revision, ordinal)
        }

        static func key(_ revision: Int64, _ ordinal: Int64) -> [UInt8] {
            BoltFile.bigEndian(UInt64(bitPattern: revision)) + [UInt8(ascii: "_")] + BoltFile.bigEndian(UInt64(bitPattern: ordinal))
        }
    }

    /// Leases for the keys that expire, by the minute in which they do.
    private struct Leases {
        let now: Int64
        private(set) var all: [EtcdStoredLease] = []
        private var byMinute: [Int64: (id: Int64, keys: Int)] = [:]

        /// As many as upstream's server lets share one.
        private static let keysMax = 1000

        init(now: Int64) { self.now = now }

        mutating func lease(until expires: Int64) -> Int64 {
            let minute = expires > now ? (expires - now - 1) / 60_000 : -1
            if let found = byMinute[minute], found.keys < Self.keysMax {
                byMinute[minute] = (found.id, found.keys + 1)
                return found.id
            }
            var lease = EtcdStoredLease()
            lease.id = Int64(all.count + 1)
            lease.ttl = max(1, (minute + 1) * 60)
            all.append(lease)
            byMinute[minute] = (lease.id, 1)
            return lease.id
        }
    }
}
