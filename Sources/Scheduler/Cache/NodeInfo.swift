import CoreV1
import KubernetesAPI

/// A node with the sums over its pods, kept up to date as pods come and go. Belongs to one scheduler's core.
final class NodeInfo {
    let name: String
    /// A small number that no other node has while this one is there.
    let slot: Int
    /// Whether the node object itself is known; pods may be seen before their node.
    private(set) var isKnown = false
    private(set) var labels: [String: String] = [:]
    /// The label that says in which zone the node is.
    private(set) var zone: String?
    private(set) var isUnschedulable = false
    /// Taints that keep pods away (NoSchedule, NoExecute) and those that only discourage them.
    private(set) var hardTaints: [Taint] = []
    /// Equal numbers: equal `hardTaints`; zero: none.
    private(set) var hardTaintsClass = 0
    /// Changes with the labels, and is never the same for two nodes.
    private(set) var labelsVersion = 0
    private(set) var softTaints: [Taint] = []
    private(set) var allocatable = Resources()
    private(set) var allowedPods: Int64 = 0
    /// Sizes of images in bytes, by every name they have.
    private(set) var images: [String: Int64] = [:]

    private(set) var pods: [PodInfo] = []
    private(set) var requested = Resources()
    private(set) var scoringCPU: Int64 = 0
    private(set) var scoringMemory: Int64 = 0
    private(set) var ports: [HostPort] = []
    private(set) var podsWithAffinity: [PodInfo] = []
    private(set) var podsWithRequiredAntiAffinity: [PodInfo] = []

    static let zoneLabel = "topology.kubernetes.io/zone"

    init(name: String, slot: Int) {
        self.name = name
        self.slot = slot
    }

    func set(_ node: Node, names: ResourceNames, classes: NodeClasses) {
        if !isKnown || labels != node.metadata.labels {
            labels = node.metadata.labels
            labelsVersion = classes.newVersion()
        }
        isKnown = true
        zone = labels[Self.zoneLabel]
        isUnschedulable = node.spec.unschedulable ?? false
        hardTaints = node.spec.taints.filter { $0.effect == "NoSchedule" || $0.effect == "NoExecute" }
        hardTaintsClass = classes.number(ofTaints: hardTaints.map(TaintKey.init))
        softTaints = node.spec.taints.filter { $0.effect == "PreferNoSchedule" }
        var allocatable = Resources()
        allowedPods = 0
        for (name, quantity) in node.status.allocatable {
            if name == "pods" { allowedPods = quantity.value } else { PodRequests.set(&allocatable, name, quantity, names) }
        }
        self.allocatable = allocatable
        images = [:]
        for image in node.status.images {
            for name in image.names { images[name] = image.sizeBytes ?? 0 }
        }
    }

    /// The node object is gone; pods may still be here.
    func forgetNode() {
        isKnown = false
        isUnschedulable = false
        labels = [:]
        zone = nil
        hardTaints = []
        hardTaintsClass = 0
        labelsVersion = 0
        softTaints = []
        allocatable = Resources()
        allowedPods = 0
        images = [:]
    }

    func add(_ pod: PodInfo) {
        pods.append(pod)
        requested += pod.requests
        scoringCPU = scoringCPU.saturatingAdding(pod.scoringCPU)
        scoringMemory = scoringMemory.saturatingAdding(pod.scoringMemory)
        ports += pod.ports
        if pod.hasAffinity { podsWithAffinity.append(pod) }
        if !pod.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity.append(pod) }
        if let siblings = pod.siblings, !pod.isTerminating { siblings.onNode[slot, default: 0] += 1 }
    }

    func remove(_ pod: PodInfo) {
        guard let index = pods.firstIndex(where: { $0 === pod }) else { return }
        pods.remove(at: index)
        requested -= pod.requests
        scoringCPU = scoringCPU.saturatingSubtracting(pod.scoringCPU)
        scoringMemory = scoringMemory.saturatingSubtracting(pod.scoringMemory)
        for port in pod.ports {
            if let index = ports.firstIndex(of: port) { ports.remove(at: index) }
        }
        if pod.hasAffinity { podsWithAffinity.removeAll { $0 === pod } }
        if !pod.requiredAntiAffinity.isEmpty { podsWithRequiredAntiAffinity.removeAll { $0 === pod } }
        if let siblings = pod.siblings, !pod.isTerminating {
            let left = (siblings.onNode[slot] ?? 0) - 1
            siblings.onNode[slot] = left > 0 ? left : nil
        }
    }
}
