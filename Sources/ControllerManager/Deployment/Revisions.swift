import AppsV1
import CoreV1
import JSON
import KubernetesAPI

/// A deployment's ReplicaSets, told apart by template.
struct Revisions: Sendable {
    /// The one with the deployment's present template; nil before it is made.
    var new: ReplicaSet?
    /// All others, oldest first.
    var old: [ReplicaSet]

    init(_ deployment: Deployment, _ sets: [ReplicaSet]) {
        let template = deployment.spec.template.comparisonBytes
        let sorted = sets.sorted { $0.sortKey < $1.sortKey }
        // Should two have the template, which a collision can bring about, the older one stays the new one.
        let new = sorted.first { $0.spec.template.comparisonBytes == template }
        self.new = new
        old = sorted.filter { $0.metadata.uid != new?.metadata.uid }
    }

    var all: [ReplicaSet] { old + (new.map { [$0] } ?? []) }

    mutating func replace(_ set: ReplicaSet) {
        if new?.metadata.uid == set.metadata.uid { new = set }
        if let index = old.firstIndex(where: { $0.metadata.uid == set.metadata.uid }) { old[index] = set }
    }

    /// The revision after the newest of the old ReplicaSets.
    var nextRevision: Int64 { (old.map(\.revision).max() ?? 0) + 1 }
}

extension ReplicaSet {
    static let revisionAnnotation = "deployment.kubernetes.io/revision"
    static let revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history"
    static let desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas"
    static let maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas"
    static let templateHashLabel = "pod-template-hash"

    var revision: Int64 { metadata.annotations[Self.revisionAnnotation].flatMap { Int64($0) } ?? 0 }
    var desiredReplicas: Int32? { metadata.annotations[Self.desiredReplicasAnnotation].flatMap { Int32($0) } }
    var maxReplicas: Int32? { metadata.annotations[Self.maxReplicasAnnotation].flatMap { Int32($0) } }
    var size: Int32 { spec.replicas ?? 1 }
    /// The pods that can be counted on. The status may be late: those that were too many a moment ago are on their way out.
    var availableCount: Int32 { min(size, status.availableReplicas ?? 0) }

    fileprivate var sortKey: (Int64, String) { (metadata.creationTimestamp?.seconds ?? 0, metadata.name ?? "") }
}

extension PodTemplateSpec {
    /// What makes two templates the same: everything but the hash label, which the controller adds.
    var comparisonBytes: [UInt8] {
        var template = self
        template.metadata.labels[ReplicaSet.templateHashLabel] = nil
        return template.tree().withSortedKeys.serialized()
    }

    /// A short name for the template that stays the same for as long as the template does; `collisions` makes another.
    func hash(collisions: Int32?) -> String {
        // FNV-1a: stable across processes, unlike Swift's own hashes.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in comparisonBytes { mix(byte) }
        if let collisions {
            for shift in stride(from: 0, to: 32, by: 8) { mix(UInt8(truncatingIfNeeded: collisions >> Int32(shift))) }
        }
        return NameGeneration.safeEncoded(UInt32(truncatingIfNeeded: hash ^ hash >> 32))
    }
}
