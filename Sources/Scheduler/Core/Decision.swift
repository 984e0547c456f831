package import CoreV1
import PolicyV1

/// What the scheduler has decided about one pod; to be carried out against the API.
package enum Decision: Sendable {
    /// The pod goes to this node.
    case bind(Pod, node: String)
    /// No node suits it now.
    case unschedulable(Pod, message: String)
    /// Room is made for it on this node by deleting these pods.
    case preempt(Pod, node: String, victims: [Pod], message: String)
}

/// What the scheduler hears.
enum Change: Sendable {
    case pod(Pod)
    case podRemoved(Pod)
    case node(Node)
    case nodeRemoved(String)
    /// Nil: the namespace is gone.
    case namespace(String, labels: [String: String]?)
    case budget(PodDisruptionBudget)
    case budgetRemoved(PodDisruptionBudget)
    case volumes(VolumeCache.Change)
    /// The API took the decision to bind.
    case bound(uid: String)
    /// It did not. `isGone`: the pod does not exist any more.
    case bindFailed(uid: String, isGone: Bool)
}
