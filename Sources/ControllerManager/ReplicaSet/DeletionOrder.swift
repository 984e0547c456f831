import CoreV1
import KubernetesAPI

/// Which pods go first when there are too many: those that serve least.
struct DeletionOrder {
    static let costAnnotation = "controller.kubernetes.io/pod-deletion-cost"

    private struct Rank {
        var pod: Pod
        var isAssigned: Bool
        var phase: Int
        var isReady: Bool
        var cost: Int64
        /// Pods of the same kind on its node: the fuller node gives first.
        var neighbours: Int
        var readySince: Int64
        var restarts: Int32
        var created: Int64
    }

    private let ranks: [Rank]

    /// - Parameter related: active pods; those of the same owner as the candidates count as neighbours.
    init(pods: [Pod], related: [Pod]) {
        let owners = Set(pods.compactMap { $0.metadata.controllerReference?.uid })
        var perNode: [String: Int] = [:]
        for pod in related {
            guard let node = pod.spec.nodeName, let owner = pod.metadata.controllerReference?.uid, owners.contains(owner) else { continue }
            perNode[node, default: 0] += 1
        }
        ranks = pods.map { pod in
            Rank(
                pod: pod, isAssigned: pod.spec.nodeName?.isEmpty == false, phase: Self.phaseRank(pod.status.phase), isReady: pod.isReady,
                cost: pod.metadata.annotations[Self.costAnnotation].flatMap { Int64($0) } ?? 0,
                neighbours: pod.spec.nodeName.flatMap { perNode[$0] } ?? 0,
                readySince: pod.isReady ? pod.readyCondition?.lastTransitionTime?.seconds ?? 0 : 0, restarts: pod.restartsMax,
                created: pod.metadata.creationTimestamp?.seconds ?? 0)
        }
    }

    /// The first `count` pods to delete.
    func first(_ count: Int) -> [Pod] {
        ranks.sorted(by: Self.goesFirst).prefix(count).map(\.pod)
    }

    private static func phaseRank(_ phase: String?) -> Int {
        switch phase {
        case "Running": 2
        case "Unknown": 1
        default: 0
        }
    }

    private static func goesFirst(_ a: Rank, _ b: Rank) -> Bool {
        if a.isAssigned != b.isAssigned { return !a.isAssigned }
        if a.phase != b.phase { return a.phase < b.phase }
        if a.isReady != b.isReady { return !a.isReady }
        if a.cost != b.cost { return a.cost < b.cost }
        if a.neighbours != b.neighbours { return a.neighbours > b.neighbours }
        if a.readySince != b.readySince { return a.readySince > b.readySince }
        if a.restarts != b.restarts { return a.restarts > b.restarts }
        if a.created != b.created { return a.created > b.created }
        return (a.pod.metadata.uid ?? "") < (b.pod.metadata.uid ?? "")
    }
}
