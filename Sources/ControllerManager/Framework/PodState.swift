import CoreV1
import KubernetesAPI

extension Pod {
    /// Neither ended nor being deleted.
    var isActive: Bool {
        status.phase != "Succeeded" && status.phase != "Failed" && metadata.deletionTimestamp == nil
    }

    var hasEnded: Bool { status.phase == "Succeeded" || status.phase == "Failed" }

    var readyCondition: PodCondition? { status.conditions.first { $0.type == "Ready" } }

    var isReady: Bool { readyCondition?.status == "True" }

    /// Ready for at least `minReadySeconds` at `now` (seconds since 1970).
    func isAvailable(minReadySeconds: Int32, now: Int64) -> Bool {
        guard isReady else { return false }
        if minReadySeconds == 0 { return true }
        guard let since = readyCondition?.lastTransitionTime?.seconds else { return false }
        return since + Int64(minReadySeconds) <= now
    }

    /// Restarts of all containers; of the most restarted one where they compare.
    var restartsMax: Int32 { status.containerStatuses.map(\.restartCount).max() ?? 0 }
}

extension Pod {
    /// A pod as `template` describes it, controlled by `owner`, with a name that the server completes.
    init(template: PodTemplateSpec, owner: some KubernetesResource) {
        self.init()
        let name = owner.metadata.name ?? ""
        metadata.generateName = name + "-"
        metadata.namespace = owner.metadata.namespace
        metadata.labels = template.metadata.labels
        metadata.annotations = template.metadata.annotations
        metadata.finalizers = template.metadata.finalizers
        metadata.ownerReferences = [OwnerReference(controller: owner)]
        spec = template.spec
    }
}
