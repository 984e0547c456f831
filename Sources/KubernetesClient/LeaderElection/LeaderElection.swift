package import CoordinationV1
import KubernetesAPI

/// Who leads, as seen by one candidate. Only the decisions; no clock, no network.
///
/// A candidate never trusts the clock of another: a lease counts as expired when it has not changed for its duration by our own clock.
package struct LeaderElection: Sendable {
    package struct Timing: Sendable {
        /// How long others wait after the last sign of life before they take over.
        package var leaseDuration: Duration
        /// How long the leader goes on trying to renew before it gives up leading.
        package var renewDeadline: Duration
        /// The pause between attempts.
        package var retryPeriod: Duration

        /// Upstream's defaults.
        package init(
            leaseDuration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10), retryPeriod: Duration = .seconds(2)
        ) {
            self.leaseDuration = leaseDuration
            self.renewDeadline = renewDeadline
            self.retryPeriod = retryPeriod
        }
    }

    package enum Move: Sendable {
        /// Nobody has a lease yet: create this one.
        case create(Lease)
        /// Take over or renew: update to this one.
        case update(Lease)
        /// Somebody else leads.
        case wait(holder: String)
    }

    package let identity: String
    package let timing: Timing
    private var observed: Record?
    private var observedAt = Duration.zero

    private struct Record: Sendable, Equatable {
        var holder: String
        var renewed: Int64?
        var acquired: Int64?
        var transitions: Int32
        var seconds: Int32

        init(_ lease: Lease) {
            holder = lease.spec.holderIdentity ?? ""
            renewed = lease.spec.renewTime?.microseconds
            acquired = lease.spec.acquireTime?.microseconds
            transitions = lease.spec.leaseTransitions ?? 0
            seconds = lease.spec.leaseDurationSeconds ?? 0
        }
    }

    package init(identity: String, timing: Timing = .init()) {
        self.identity = identity
        self.timing = timing
    }

    /// Whether the lease as last seen is ours.
    package var isLeader: Bool { observed?.holder == identity }
    package var observedHolder: String { observed?.holder ?? "" }

    /// What to do about the lease that the server has now, nil for none.
    package mutating func move(on lease: Lease?, uptime: Duration, wallMicroseconds: Int64) -> Move {
        guard let lease else { return .create(claimed(Lease(), from: nil, wallMicroseconds)) }
        observe(lease, uptime: uptime)
        let record = Record(lease)
        if !record.holder.isEmpty, record.holder != identity, uptime - observedAt < .seconds(Int64(record.seconds)) {
            return .wait(holder: record.holder)
        }
        return .update(claimed(lease, from: record, wallMicroseconds))
    }

    /// The server has stored this lease.
    package mutating func observe(_ lease: Lease, uptime: Duration) {
        let record = Record(lease)
        guard record != observed else { return }
        observed = record
        observedAt = uptime
    }

    /// The lease that lets others take over at once.
    package func released(_ lease: Lease, wallMicroseconds: Int64) -> Lease {
        var lease = lease
        lease.spec.holderIdentity = ""
        lease.spec.leaseDurationSeconds = 1
        lease.spec.renewTime = MicroTime(microseconds: wallMicroseconds)
        lease.spec.acquireTime = MicroTime(microseconds: wallMicroseconds)
        return lease
    }

    private func claimed(_ lease: Lease, from record: Record?, _ now: Int64) -> Lease {
        var lease = lease
        let wasOurs = record?.holder == identity
        lease.spec.holderIdentity = identity
        lease.spec.leaseDurationSeconds = Int32(clamping: timing.leaseDuration.components.seconds)
        lease.spec.renewTime = MicroTime(microseconds: now)
        if !wasOurs {
            lease.spec.acquireTime = MicroTime(microseconds: now)
            lease.spec.leaseTransitions = record.map { $0.transitions == .max ? .max : $0.transitions + 1 } ?? 0
        }
        return lease
    }
}
