import CoreV1
import KubernetesAPI
import KubernetesClient
import VolumeBinding

/// A pod with everything the plugins ask about worked out once. Belongs to one scheduler's core.
final class PodInfo {
    /// The newest state that differs from the one the rest was worked out from in nothing plugins look at.
    private(set) var pod: Pod
    let key: NamespacedName
    let uid: String
    let labels: [String: String]
    let priority: Int32
    let requests: Resources
    let scoringCPU: Int64
    let scoringMemory: Int64
    let ports: [HostPort]
    let isTerminating: Bool
    let nodeSelection: NodeSelection?
    let preferredNodes: [PreferredNodeTerm]
    let requiredAffinity: [AffinityTerm]
    let requiredAntiAffinity: [AffinityTerm]
    let preferredAffinity: [WeightedAffinityTerm]
    let preferredAntiAffinity: [WeightedAffinityTerm]
    let spread: [SpreadConstraint]
    /// What its volumes are filled with.
    let claims: [PodClaim]
    /// The pods of the same controller, which are spread by default.
    let siblings: SiblingGroup?

    /// The tolerations of taints that keep pods away, for the filter, and of all taints, for the score, are the same list.
    var tolerations: [Toleration] { pod.spec.tolerations }
    var hasAffinity: Bool {
        !requiredAffinity.isEmpty || !requiredAntiAffinity.isEmpty || !preferredAffinity.isEmpty || !preferredAntiAffinity.isEmpty
    }
    /// Nothing is asked for: such a pod says nothing about balance.
    var isBestEffort: Bool {
        requests.milliCPU == 0 && requests.memory == 0
            && (pod.spec.containers + pod.spec.initContainers).allSatisfy {
                guard let limits = $0.resources?.limits else { return true }
                return limits["cpu"] == nil && limits["memory"] == nil
            }
    }

    init(_ pod: Pod, names: ResourceNames, siblings: SiblingGroup?) {
        self.pod = pod
        key = NamespacedName(pod.metadata)
        uid = pod.metadata.uid ?? key.description
        labels = pod.metadata.labels
        let spec = pod.spec
        priority = spec.priority ?? 0
        let requests = PodRequests(spec, names: names)
        self.requests = requests.total
        scoringCPU = requests.scoringCPU
        scoringMemory = requests.scoringMemory
        ports = HostPort.ports(of: spec)
        isTerminating = pod.metadata.deletionTimestamp != nil
        let affinity = spec.affinity
        nodeSelection = NodeSelection(spec)
        preferredNodes = (affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map { PreferredNodeTerm($0) }
        let namespace = pod.metadata.namespace ?? ""
        requiredAffinity = (affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map {
            AffinityTerm($0, namespace: namespace)
        }
        requiredAntiAffinity = (affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map {
            AffinityTerm($0, namespace: namespace)
        }
        preferredAffinity = (affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map {
            WeightedAffinityTerm(weight: Int64($0.weight), term: AffinityTerm($0.podAffinityTerm ?? PodAffinityTerm(), namespace: namespace))
        }
        preferredAntiAffinity = (affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map {
            WeightedAffinityTerm(weight: Int64($0.weight), term: AffinityTerm($0.podAffinityTerm ?? PodAffinityTerm(), namespace: namespace))
        }
        spread = spec.topologySpreadConstraints.map { SpreadConstraint($0, podLabels: pod.metadata.labels) }
        claims = pod.claims
        self.siblings = siblings
        siblings?.references += 1
    }

    /// Takes over a newer state of the pod if everything worked out here holds for it too. The older one is let go of: it would be a second
    /// copy of the pod in memory.
    func update(_ newer: Pod, names: ResourceNames) -> Bool {
        guard newer.metadata.labels == labels, (newer.metadata.deletionTimestamp != nil) == isTerminating, hasSameRequests(newer, names) else {
            return false
        }
        pod = newer
        return true
    }

    private func hasSameRequests(_ newer: Pod, _ names: ResourceNames) -> Bool {
        // The server counts the changes of the spec; most updates are of the status.
        if let before = pod.metadata.generation, let after = newer.metadata.generation, before > 0, before == after { return true }
        return newer.spec.priority ?? 0 == priority && PodRequests(newer.spec, names: names).total == requests
    }

    deinit { siblings?.references -= 1 }
}

/// The pods of one controller and how many of them each node has.
final class SiblingGroup {
    let controllerUID: String
    /// Pods that refer to this group, placed or not; the cache forgets it with the last one.
    var references = 0
    /// Pods on a node that do not terminate, by the node's slot.
    var onNode: [Int: Int] = [:]

    init(controllerUID: String) {
        self.controllerUID = controllerUID
    }
}
