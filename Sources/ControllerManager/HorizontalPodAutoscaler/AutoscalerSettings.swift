/// How the autoscaler measures and waits, under the names of upstream's flags.
package struct AutoscalerSettings: Sendable {
    /// `--horizontal-pod-autoscaler-sync-period`
    package var syncPeriod = Duration.seconds(15)
    /// `--horizontal-pod-autoscaler-downscale-stabilization`, whole seconds.
    package var downscaleStabilizationSeconds: Int64 = 300
    /// `--horizontal-pod-autoscaler-tolerance`
    package var tolerance = 0.1
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`: how long a pod's start may distort its use of CPU, in seconds.
    package var cpuInitializationSeconds: Int64 = 300
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`: how long after its start a pod counts as never having been ready, in seconds.
    package var initialReadinessDelaySeconds: Int64 = 30

    package init() {}
}
