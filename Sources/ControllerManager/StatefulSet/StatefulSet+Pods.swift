import AppsV1
import CoreV1
import JSON
import KubernetesAPI

extension StatefulSet {
    static let podNameLabel = "statefulset.kubernetes.io/pod-name"
    static let podIndexLabel = "apps.kubernetes.io/pod-index"

    var size: Int { Int(spec.replicas ?? 1) }
    var firstOrdinal: Int { Int(spec.ordinals?.start ?? 0) }
    var ordinals: Range<Int> { firstOrdinal..<firstOrdinal + max(0, size) }
    /// Pods come and go one by one, in order.
    var isOrdered: Bool { spec.podManagementPolicy != "Parallel" }
    var partition: Int { Int(spec.updateStrategy?.rollingUpdate?.partition ?? 0) }

    func podName(_ ordinal: Int) -> String { "\(metadata.name ?? "")-\(ordinal)" }

    /// The ordinal in the name of one of this set's pods; nil for other names.
    func ordinal(of pod: Pod) -> Int? {
        guard let name = pod.metadata.name, let dash = name.lastIndex(of: "-"), name[..<dash] == metadata.name ?? "" else { return nil }
        guard let ordinal = Int(name[name.index(after: dash)...]), ordinal >= 0, podName(ordinal) == name else { return nil }
        return ordinal
    }

    /// How many pods an update may make unavailable at a time.
    var maxUnavailable: Int {
        guard let value = spec.updateStrategy?.rollingUpdate?.maxUnavailable,
            let scaled = try? value.scaledValue(total: Int64(size), roundUp: false)
        else { return 1 }
        return max(1, Int(clamping: scaled))
    }

    /// The pod of an ordinal, with this set's template.
    func pod(_ ordinal: Int, revision: String) -> Pod {
        var pod = Pod(template: spec.template, owner: self)
        pod.metadata.generateName = nil
        pod.metadata.name = podName(ordinal)
        pod.metadata.labels[ControllerRevision.hashLabel] = revision
        setIdentity(&pod)
        pod.spec.hostname = podName(ordinal)
        pod.spec.subdomain = spec.serviceName
        setStorage(&pod, ordinal)
        return pod
    }

    private func setIdentity(_ pod: inout Pod) {
        pod.metadata.labels[Self.podNameLabel] = pod.metadata.name
        if let ordinal = ordinal(of: pod) { pod.metadata.labels[Self.podIndexLabel] = "\(ordinal)" }
    }

    /// The pod with the labels that name it, if it lacks them.
    func corrected(_ pod: Pod) -> Pod? {
        guard pod.metadata.labels[Self.podNameLabel] != pod.metadata.name else { return nil }
        var pod = pod
        setIdentity(&pod)
        return pod
    }

    private func setStorage(_ pod: inout Pod, _ ordinal: Int) {
        let claims = claims(for: ordinal)
        let names = Set(claims.map(\.volume))
        let volumes = claims.map { claim in
            Volume { volume in
                volume.name = claim.volume
                volume.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = claim.claim.metadata.name ?? "" }
            }
        }
        pod.spec.volumes = volumes + pod.spec.volumes.filter { !names.contains($0.name) }
    }

    /// The claims of an ordinal, each with the volume that is filled with it.
    func claims(for ordinal: Int) -> [(volume: String, claim: PersistentVolumeClaim)] {
        spec.volumeClaimTemplates.map { template in
            var claim = template
            let volume = template.metadata.name ?? ""
            claim.metadata.name = "\(volume)-\(metadata.name ?? "")-\(ordinal)"
            claim.metadata.namespace = metadata.namespace
            claim.metadata.labels.merge(spec.selector?.matchLabels ?? [:]) { $1 }
            claim.status = PersistentVolumeClaimStatus()
            return (volume, claim)
        }
    }

    var deletesClaimsWhenDeleted: Bool { spec.persistentVolumeClaimRetentionPolicy?.whenDeleted == "Delete" }
    var deletesClaimsWhenScaled: Bool { spec.persistentVolumeClaimRetentionPolicy?.whenScaled == "Delete" }

    /// The claim's owners by the retention policy: the set, when claims go with it; the pod, when it is being scaled away and claims go then.
    func owners(of claim: PersistentVolumeClaim, pod: Pod) -> [OwnerReference] {
        let isLeaving = ordinal(of: pod).map { !ordinals.contains($0) } ?? false
        let ownsAsSet = deletesClaimsWhenDeleted && !(isLeaving && deletesClaimsWhenScaled)
        let ownsAsPod = deletesClaimsWhenScaled && isLeaving
        // References to an earlier pod of the name, or an earlier set, go too.
        var owners = claim.metadata.ownerReferences.filter { owner in
            let isSet = owner.kind == Self.resource.kind && owner.name == metadata.name
            let isPod = owner.kind == Pod.resource.kind && owner.name == pod.metadata.name
            return !(isSet && (!ownsAsSet || owner.uid != metadata.uid)) && !(isPod && (!ownsAsPod || owner.uid != pod.metadata.uid))
        }
        if ownsAsSet, !owners.contains(where: { $0.uid == metadata.uid }) { owners.append(OwnerReference(controller: self)) }
        if ownsAsPod, !owners.contains(where: { $0.uid == pod.metadata.uid }) { owners.append(OwnerReference(controller: pod)) }
        return owners
    }
}

extension Pod {
    /// The name of the revision that the pod was made of.
    var revisionName: String { metadata.labels[ControllerRevision.hashLabel] ?? "" }
    /// Whether it stands in the API, rather than being a plan.
    var isCreated: Bool { metadata.uid != nil }
    var isTerminating: Bool { metadata.deletionTimestamp != nil }
    var isRunningAndReady: Bool { status.phase == "Running" && isReady }
    var isHealthy: Bool { isRunningAndReady && !isTerminating }
}
