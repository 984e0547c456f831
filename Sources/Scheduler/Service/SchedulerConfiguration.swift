package import KubernetesClient

/// The scheduler's settings.
package struct SchedulerConfiguration: Sendable {
    /// Pods that name another scheduler are left alone.
    package var schedulerName = "default-scheduler"
    /// See `kube-scheduler --help`; zero: by the cluster's size.
    package var percentageOfNodesToScore = 0
    /// Decisions that may be on their way to the API server at once.
    package var bindingsInFlightMax = 256
    /// The informers belong to the whole process, and others follow all pods anyway: then so does the scheduler, by the same informer.
    package var sharesInformers = false
    /// Run only while leading; nil: always.
    package var leaderElection: LeaderElectionSettings?
    package var time = TimeSource.system
    /// Uniform in 0..<1; decides between equally good nodes.
    package var random: @Sendable () -> Double = RandomSource.fraction

    package struct LeaderElectionSettings: Sendable {
        package var identity: String
        package var namespace = "kube-system"
        package var name = "kube-scheduler"
        package var timing = LeaderElection.Timing()

        package init(identity: String) {
            self.identity = identity
        }
    }

    package init() {}
}
