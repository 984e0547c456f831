import AppsV1
import CoreV1
import JSON
import KubernetesAPI

/// A kind that asks for a number of equal pods: ReplicaSet, and ReplicationController, which came before it.
protocol ReplicaOwner: KubernetesResource {
    /// Upstream's name of the controller.
    static var controllerName: String { get }
    /// As whom the controller writes events.
    static var eventSource: String { get }

    var wantedReplicas: Int32 { get }
    var readySeconds: Int32 { get }
    var podTemplate: PodTemplateSpec { get }
    var podSelector: LabelSelector? { get }

    /// The same with a new status.
    func reporting(_ counts: ReplicaCounts) -> Self
    /// To tell whether the status has changed.
    var statusBytes: [UInt8] { get }
}

/// What the pods of a replica owner add up to.
struct ReplicaCounts {
    var replicas: Int32
    /// nil for none, as an omitted field reads.
    var fullyLabeled: Int32?
    var ready: Int32?
    var available: Int32?
    var terminating: Int32?
    /// What went wrong in scaling, with whether it was in creating.
    var failure: (reason: String, message: String)?
    var now: Int64

    init(of owner: some ReplicaOwner, active: [Pod], terminating: Int, failure: (any Error)?, now: Int64) {
        func count(where condition: (Pod) -> Bool) -> Int32? {
            let count = active.count(where: condition)
            return count == 0 ? nil : Int32(clamping: count)
        }
        let labels = owner.podTemplate.metadata.labels
        let readySeconds = owner.readySeconds
        replicas = Int32(clamping: active.count)
        fullyLabeled = count { pod in labels.allSatisfy { pod.metadata.labels[$0.key] == $0.value } }
        ready = count(where: \.isReady)
        available = count { $0.isAvailable(minReadySeconds: readySeconds, now: now) }
        self.terminating = terminating == 0 ? nil : Int32(clamping: terminating)
        self.failure = failure.map { (active.count < Int(owner.wantedReplicas) ? "FailedCreate" : "FailedDelete", "\($0)") }
        self.now = now
    }
}

extension ReplicaSet: ReplicaOwner {
    static var controllerName: String { "replicaset-controller" }
    static var eventSource: String { "replicaset-controller" }
    var wantedReplicas: Int32 { spec.replicas ?? 1 }
    var readySeconds: Int32 { spec.minReadySeconds ?? 0 }
    var podTemplate: PodTemplateSpec { spec.template }
    var podSelector: LabelSelector? { spec.selector }
    var statusBytes: [UInt8] { status.jsonBytes() }

    func reporting(_ counts: ReplicaCounts) -> ReplicaSet {
        var set = self
        set.status.replicas = counts.replicas
        set.status.fullyLabeledReplicas = counts.fullyLabeled
        set.status.readyReplicas = counts.ready
        set.status.availableReplicas = counts.available
        set.status.terminatingReplicas = counts.terminating
        set.status.observedGeneration = metadata.generation
        let known = status.conditions.contains { $0.type == "ReplicaFailure" }
        guard let failure = counts.failure else {
            if known { set.status.conditions.removeAll { $0.type == "ReplicaFailure" } }
            return set
        }
        if !known {
            set.status.conditions.append(
                ReplicaSetCondition {
                    $0.type = "ReplicaFailure"
                    $0.status = "True"
                    $0.reason = failure.reason
                    $0.message = failure.message
                    $0.lastTransitionTime = Time(seconds: counts.now)
                })
        }
        return set
    }
}

extension ReplicationController: ReplicaOwner {
    static var controllerName: String { "replicationcontroller-controller" }
    static var eventSource: String { "replication-controller" }
    var wantedReplicas: Int32 { spec.replicas ?? 1 }
    var readySeconds: Int32 { spec.minReadySeconds ?? 0 }
    var podTemplate: PodTemplateSpec { spec.template }
    var podSelector: LabelSelector? { LabelSelector { $0.matchLabels = spec.selector } }
    var statusBytes: [UInt8] { status.jsonBytes() }

    func reporting(_ counts: ReplicaCounts) -> ReplicationController {
        var controller = self
        controller.status.replicas = counts.replicas
        controller.status.fullyLabeledReplicas = counts.fullyLabeled
        controller.status.readyReplicas = counts.ready
        controller.status.availableReplicas = counts.available
        controller.status.observedGeneration = metadata.generation
        let known = status.conditions.contains { $0.type == "ReplicaFailure" }
        guard let failure = counts.failure else {
            if known { controller.status.conditions.removeAll { $0.type == "ReplicaFailure" } }
            return controller
        }
        if !known {
            controller.status.conditions.append(
                ReplicationControllerCondition {
                    $0.type = "ReplicaFailure"
                    $0.status = "True"
                    $0.reason = failure.reason
                    $0.message = failure.message
                    $0.lastTransitionTime = Time(seconds: counts.now)
                })
        }
        return controller
    }
}
