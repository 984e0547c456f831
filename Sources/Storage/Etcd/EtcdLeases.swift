import GRPCCore
import Synchronization

/// The leases by which etcd lets keys expire. One lease serves many keys: each of its keys lives a little longer than asked for.
final class EtcdLeases: Sendable {
    private struct Lease {
        var id: Int64
        var end: ContinuousClock.Instant
        var keys: Int
    }

    /// How many keys one lease has at most, and by how much of its time to live a key may live longer; upstream's numbers.
    private static let keysMax = 1000
    private static let extraShare = 0.05

    private let client: EtcdClient
    private let reuse: Duration
    private let last = Mutex<Lease?>(nil)

    init(_ client: EtcdClient, reuse: Duration) {
        self.client = client
        self.reuse = reuse
    }

    /// A lease for one more key.
    ///
    /// - Throws: as `EtcdClient.ask`.
    func lease(for timeToLive: Duration) async throws -> Int64 {
        let seconds = max(1, (timeToLive.milliseconds - 1) / 1000 + 1)
        let extra = min(Int64(Self.extraShare * Double(seconds)), reuse.components.seconds)
        let now = ContinuousClock.now
        let shared: Int64? = last.withLock { last in
            guard var lease = last, lease.keys < Self.keysMax else { return nil }
            guard lease.end > now + .seconds(seconds), lease.end < now + .seconds(seconds + extra) else { return nil }
            lease.keys += 1
            last = lease
            return lease.id
        }
        if let shared { return shared }
        var request = EtcdLeaseGrantRequest()
        request.ttl = seconds + extra
        let asked = request
        let granted = try await client.ask { connection, options in
            try await EtcdLease.Client(wrapping: connection).leaseGrant(asked, metadata: EtcdClient.metadata, options: options)
        }
        last.withLock { $0 = Lease(id: granted.id, end: now + .seconds(granted.ttl), keys: 1) }
        return granted.id
    }
}
