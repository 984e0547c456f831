import KubernetesAPI
import KubernetesClient
import PolicyV1

/// What a PodDisruptionBudget still allows.
struct DisruptionBudget {
    let namespace: String
    private let selector: LabelMatcher
    let disruptionsAllowed: Int32
    /// Pods whose disruption is counted already.
    private let disrupted: Set<String>

    init(_ budget: PodDisruptionBudget) {
        namespace = budget.metadata.namespace ?? ""
        selector = LabelMatcher(budget.spec.selector)
        disruptionsAllowed = budget.status.disruptionsAllowed ?? 0
        disrupted = Set(budget.status.disruptedPods.keys)
    }

    func covers(_ pod: PodInfo) -> Bool {
        pod.key.namespace == namespace && !pod.labels.isEmpty && selector.matches(pod.labels) && !disrupted.contains(pod.key.name)
    }
}
