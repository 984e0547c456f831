import AppsV1
import CoreV1
import JSON
import KubernetesAPI

/// A kind that asks for a number of equal pods: ReplicaSet, and ReplicationController, which came before it.
protocol ReplicaOwner: KubernetesResource {
    associatedtype Status: ReplicaStatus

    /// Upstream's name of the controller.
    static var controllerName: String { get }
    /// As whom the controller writes events.
    static var eventSource: String { get }

    var wantedReplicas: Int32 { get }
    var readySeconds: Int32 { get }
    var podTemplate: PodTemplateSpec { get }
    var podSelector: LabelSelector? { get }
    var status: Status { get set }
}

/// What the statuses of both kinds tell in the same words.
protocol ReplicaStatus: JSONCodable {
    associatedtype Condition: ReplicaCondition

    var replicas: Int32 { get set }
    var fullyLabeledReplicas: Int32? { get set }
    var readyReplicas: Int32? { get set }
    var availableReplicas: Int32? { get set }
    var terminatingReplicas: Int32? { get set }
    var observedGeneration: Int64? { get set }
    var conditions: [Condition] { get set }
}

protocol ReplicaCondition {
    var type: String { get set }
    var status: String { get set }
    var reason: String? { get set }
    var message: String? { get set }
    var lastTransitionTime: Time? { get set }

    init()
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

extension ReplicaOwner {
    /// The same with a new status.
    func reporting(_ counts: ReplicaCounts) -> Self {
        var owner = self
        owner.status.report(counts, generation: metadata.generation)
        return owner
    }
}

extension ReplicaStatus {
    fileprivate mutating func report(_ counts: ReplicaCounts, generation: Int64?) {
        replicas = counts.replicas
        fullyLabeledReplicas = counts.fullyLabeled
        readyReplicas = counts.ready
        availableReplicas = counts.available
        terminatingReplicas = counts.terminating
        observedGeneration = generation
        guard let failure = counts.failure else { return conditions.removeAll { $0.type == "ReplicaFailure" } }
        if conditions.contains(where: { $0.type == "ReplicaFailure" }) { return }
        var condition = Condition()
        condition.type = "ReplicaFailure"
        condition.status = "True"
        condition.reason = failure.reason
        condition.message = failure.message
        condition.lastTransitionTime = Time(seconds: counts.now)
        conditions.append(condition)
    }
}

extension ReplicaSet: ReplicaOwner {
    static var controllerName: String { "replicaset-controller" }
    static var eventSource: String { "replicaset-controller" }
    var wantedReplicas: Int32 { spec.replicas ?? 1 }
    var readySeconds: Int32 { spec.minReadySeconds ?? 0 }
    var podTemplate: PodTemplateSpec { spec.template }
    var podSelector: LabelSelector? { spec.selector }
}

extension ReplicationController: ReplicaOwner {
    static var controllerName: String { "replicationcontroller-controller" }
    static var eventSource: String { "replication-controller" }
    var wantedReplicas: Int32 { spec.replicas ?? 1 }
    var readySeconds: Int32 { spec.minReadySeconds ?? 0 }
    var podTemplate: PodTemplateSpec { spec.template }
    var podSelector: LabelSelector? { LabelSelector { $0.matchLabels = spec.selector } }
}

extension ReplicaSetStatus: ReplicaStatus {}
extension ReplicaSetCondition: ReplicaCondition {}

extension ReplicationControllerStatus: ReplicaStatus {
    /// The older kind does not tell.
    var terminatingReplicas: Int32? {
        get { nil }
        set {}
    }
}

extension ReplicationControllerCondition: ReplicaCondition {}
