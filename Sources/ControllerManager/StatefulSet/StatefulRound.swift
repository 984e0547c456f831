import AppsV1
import CoreV1
import KubernetesAPI

/// A set as one round of its controller sees it: which pods belong, which are missing, which are too many. No doing.
struct StatefulRound: Sendable {
    let set: StatefulSet
    let revisions: StatefulRevisions
    let now: Int64
    /// All pods that exist.
    let pods: [Pod]
    /// One for each ordinal, in order; those that do not exist yet are plans.
    private(set) var replicas: [Pod] = []
    /// Pods outside the ordinals, the highest first.
    private(set) var condemned: [Pod] = []
    private(set) var status = StatefulSetStatus()

    init(_ set: StatefulSet, _ revisions: StatefulRevisions, _ pods: [Pod], now: Int64) {
        self.set = set
        self.revisions = revisions
        self.pods = pods
        self.now = now
        var byOrdinal: [Int: Pod] = [:]
        for pod in pods {
            guard let ordinal = set.ordinal(of: pod) else { continue }
            if set.ordinals.contains(ordinal) { byOrdinal[ordinal] = pod } else { condemned.append(pod) }
        }
        condemned.sort { (set.ordinal(of: $0) ?? 0) > (set.ordinal(of: $1) ?? 0) }
        replicas = set.ordinals.map { byOrdinal[$0] ?? planned($0) }
        count()
    }

    /// The pod of an ordinal that is missing: below the partition of the current revision, else of the new one.
    private func planned(_ ordinal: Int) -> Pod {
        if usesCurrentRevision(ordinal) {
            var old = set
            if let template = revisions.current.template { old.spec.template = template }
            return old.pod(ordinal, revision: revisions.current.metadata.name ?? "")
        }
        return set.pod(ordinal, revision: revisions.update.metadata.name ?? "")
    }

    private func usesCurrentRevision(_ ordinal: Int) -> Bool {
        guard set.spec.updateStrategy?.type == "RollingUpdate" else { return false }
        guard let rolling = set.spec.updateStrategy?.rollingUpdate else {
            return ordinal < set.firstOrdinal + Int(set.status.currentReplicas ?? 0)
        }
        return ordinal < set.firstOrdinal + Int(rolling.partition ?? 0)
    }

    func isAvailable(_ pod: Pod) -> Bool {
        pod.isRunningAndReady && pod.isAvailable(minReadySeconds: set.spec.minReadySeconds ?? 0, now: now)
    }

    /// Of the pods that hold up the others, the one with the lowest ordinal.
    var firstUnhealthy: Pod? {
        (replicas + condemned.reversed()).first { !$0.isHealthy || !isAvailable($0) }
    }

    mutating func update(_ pod: Pod, at index: Int) { replicas[index] = pod }

    /// A pod of the current revision was deleted for the update.
    mutating func countReplaced() { status.currentReplicas = optional(max(0, Int(status.currentReplicas ?? 0) - 1)) }

    mutating func count() {
        status = set.status
        status.observedGeneration = set.metadata.generation
        status.currentRevision = revisions.current.metadata.name
        status.updateRevision = revisions.update.metadata.name
        status.collisionCount = revisions.collisions
        let all = replicas + condemned
        let living = all.filter { $0.isCreated && !$0.isTerminating }
        status.replicas = Int32(clamping: all.count { $0.isCreated })
        status.readyReplicas = optional(all.count { $0.isRunningAndReady })
        status.availableReplicas = Int32(clamping: all.count { isAvailable($0) })
        status.currentReplicas = optional(living.count { $0.revisionName == status.currentRevision })
        status.updatedReplicas = optional(living.count { $0.revisionName == status.updateRevision })
    }

    private func optional(_ count: Int) -> Int32? { count == 0 ? nil : Int32(clamping: count) }

    /// The pods to delete now so that the new revision takes their place, the highest ordinals first.
    var outdated: [Pod] {
        guard set.spec.updateStrategy?.type == "RollingUpdate" else { return [] }
        let first = set.partition
        guard first < replicas.count else { return [] }
        let limit = set.maxUnavailable
        guard limit > 1 else { return outdatedInOrder(from: first) }
        let unavailable = replicas.count { pod in
            (!pod.isHealthy || !isAvailable(pod)) && (isUpdated(pod) || pod.isTerminating)
        }
        let candidates = replicas[first...].reversed().filter { $0.isCreated && !isUpdated($0) && !$0.isTerminating }
        return Array(candidates.prefix(max(0, limit - unavailable)))
    }

    /// One at a time: everything above it is new and well.
    private func outdatedInOrder(from first: Int) -> [Pod] {
        for pod in replicas[first...].reversed() {
            if pod.isCreated, !isUpdated(pod), !pod.isTerminating { return [pod] }
            if !pod.isHealthy || !isAvailable(pod) { return [] }
        }
        return []
    }

    private func isUpdated(_ pod: Pod) -> Bool { pod.revisionName == revisions.update.metadata.name }
}
