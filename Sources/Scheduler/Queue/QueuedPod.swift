import CoreV1
import KubernetesClient

/// A pod that waits for a node.
final class QueuedPod {
    enum Place {
        case active
        case backingOff
        /// Until something changes that may help.
        case unschedulable
        /// Until its gates are gone.
        case gated
        /// Handed out.
        case inFlight
    }

    var pod: Pod
    let uid: String
    var place = Place.active
    /// Attempts that ended without a node.
    var attempts = 0
    /// The plugins that turned nodes down in the last attempt.
    var plugins: PluginSet = []
    /// The changes that may make them decide otherwise.
    var helpfulEvents: ClusterEvent = []
    /// Order of arrival in the active queue among pods of one priority.
    var sequence: UInt64 = 0
    /// When the last attempt ended, and when the pause after it ends; uptime.
    var failedAt = Duration.zero
    var readyAt = Duration.zero
    /// The last attempt failed for a reason that is not the cluster's fullness; its pause is kept to the end.
    var failedByError = false
    /// Worked out for the last attempt; good until the pod changes.
    var info: PodInfo?

    var priority: Int32 { pod.spec.priority ?? 0 }
    var key: NamespacedName { NamespacedName(pod.metadata) }
    var isGated: Bool { !pod.spec.schedulingGates.isEmpty }

    init(_ pod: Pod, uid: String) {
        self.pod = pod
        self.uid = uid
    }
}
