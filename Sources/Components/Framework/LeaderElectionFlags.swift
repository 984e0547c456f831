import Flags
import KubernetesClient
import Linux
import PKI

/// What `--leader-elect-*` come to.
struct LeaderElectionFlags {
    var namespace: String
    var name: String
    var timing: LeaderElection.Timing
    /// Different for each process: host name and a random part.
    var identity: String

    /// Nil with `--leader-elect=false`.
    ///
    /// - Throws: `FlagProblem` for times that do not fit together.
    init?(_ flags: FlagValues) throws(FlagProblem) {
        guard flags.bool("leader-elect") else { return nil }
        guard flags.string("leader-elect-resource-lock") == "leases" else {
            throw FlagProblem("--leader-elect-resource-lock must be leases")
        }
        timing = LeaderElection.Timing(
            leaseDuration: flags.duration("leader-elect-lease-duration"), renewDeadline: flags.duration("leader-elect-renew-deadline"),
            retryPeriod: flags.duration("leader-elect-retry-period"))
        guard timing.leaseDuration > timing.renewDeadline else {
            throw FlagProblem("--leader-elect-lease-duration must be greater than --leader-elect-renew-deadline")
        }
        guard timing.renewDeadline > timing.retryPeriod * 1.2, timing.retryPeriod > .zero else {
            throw FlagProblem("--leader-elect-renew-deadline must be greater than 1.2 times --leader-elect-retry-period")
        }
        namespace = flags.string("leader-elect-resource-namespace")
        name = flags.string("leader-elect-resource-name")
        identity = "\(HostName.current)_\(RandomToken.uuid())"
    }
}
