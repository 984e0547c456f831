import CoreV1
import KubernetesAPI
import StorageV1
import VolumeBinding

/// What is to be done about a claim. Pure: the claim, the volumes and the class are given.
enum ClaimStep {
    /// Claim and volume belong together; whatever of it is not written yet, is to be.
    case bind(PersistentVolume)
    /// Nothing can be done now; the event says what is waited for.
    case wait(event: VolumeEvent?)
    /// Its maker is to make a volume.
    case provision(by: String)
    /// It had a volume, and has none any more.
    case lost(VolumeEvent)

    /// - Parameters:
    ///   - volume: the one that the claim names, if it is there.
    ///   - storageClass: the claim's, if it is there.
    ///   - waitingPod: a pod that uses the claim and has no node yet.
    init(
        _ claim: PersistentVolumeClaim, volume: PersistentVolume?, volumes: () -> [PersistentVolume], storageClass: StorageClass?, waitingPod: String?
    ) {
        if claim.metadata.annotations[VolumeNames.bindCompleted] != nil {
            self = Self.completed(claim, volume)
        } else if let name = claim.spec.volumeName, !name.isEmpty {
            self = Self.chosen(claim, volume, name)
        } else {
            self = Self.open(claim, volumes(), storageClass, waitingPod)
        }
    }

    private static func completed(_ claim: PersistentVolumeClaim, _ volume: PersistentVolume?) -> ClaimStep {
        guard claim.spec.volumeName?.isEmpty == false else {
            return .lost(.warning("ClaimLost", "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!"))
        }
        guard let volume else {
            return .lost(.warning("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"))
        }
        if volume.spec.claimRef == nil || volume.isMeant(for: claim) { return .bind(volume) }
        return .lost(.warning("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"))
    }

    private static func chosen(_ claim: PersistentVolumeClaim, _ volume: PersistentVolume?, _ name: String) -> ClaimStep {
        guard let volume else { return .wait(event: nil) }
        if volume.isMeant(for: claim) { return .bind(volume) }
        if volume.spec.claimRef != nil {
            return .wait(event: .warning("FailedBinding", "volume \"\(name)\" already bound to a different claim."))
        }
        if let mismatch = volume.mismatch(with: claim) {
            return .wait(event: .warning("VolumeMismatch", "Cannot bind to requested volume \"\(name)\": \(mismatch)"))
        }
        return .bind(volume)
    }

    private static func open(
        _ claim: PersistentVolumeClaim, _ volumes: [PersistentVolume], _ storageClass: StorageClass?, _ waitingPod: String?
    ) -> ClaimStep {
        let waits =
            storageClass?.volumeBindingMode == VolumeNames.waitForFirstConsumer
            && claim.metadata.annotations[VolumeNames.selectedNode]?.isEmpty ?? true
        if let volume = VolumeMatching.best(for: claim, among: volumes, waits: waits) { return .bind(volume) }
        if waits {
            guard let waitingPod else {
                return .wait(event: .normal("WaitForFirstConsumer", "waiting for first consumer to be created before binding"))
            }
            return .wait(event: .normal("WaitForPodScheduled", "waiting for pod \(waitingPod) to be scheduled"))
        }
        if claim.storageClass.isEmpty {
            return .wait(event: .normal("FailedBinding", "no persistent volumes available for this claim and no storage class is set"))
        }
        guard let storageClass else {
            return .wait(event: .warning("ProvisioningFailed", "storageclass.storage.k8s.io \"\(claim.storageClass)\" not found"))
        }
        if storageClass.provisioner == VolumeNames.noProvisioner {
            return .wait(event: .normal("FailedBinding", "no persistent volumes available for this claim and its storage class makes none"))
        }
        return .provision(by: storageClass.provisioner)
    }
}

/// What is to be done about a volume.
enum VolumeStep {
    case phase(String)
    /// Its claim is bound elsewhere: it is free again. `entirely`: not even promised any more.
    case unbind(entirely: Bool)
    /// Its claim is gone: the phase, and an event where people have to do something.
    case release(VolumeEvent?)
    /// The claim will see to it.
    case claimFirst

    /// - Parameter claim: the one that the volume names, if it is there.
    init(_ volume: PersistentVolume, claim: PersistentVolumeClaim?) {
        guard let reference = volume.spec.claimRef, reference.uid?.isEmpty == false else {
            self = .phase("Available")
            return
        }
        guard let claim, claim.metadata.uid == reference.uid else {
            self = .release(Self.afterRelease(volume))
            return
        }
        let chosen = claim.spec.volumeName ?? ""
        if chosen.isEmpty {
            self = .claimFirst
        } else if chosen == volume.metadata.name {
            self = .phase("Bound")
        } else if volume.metadata.annotations[VolumeNames.provisionedBy] != nil, volume.spec.persistentVolumeReclaimPolicy == "Delete" {
            // Made for this claim, which took another one.
            self = .release(nil)
        } else {
            self = .unbind(entirely: volume.metadata.annotations[VolumeNames.boundByController] != nil)
        }
    }

    private static func afterRelease(_ volume: PersistentVolume) -> VolumeEvent? {
        switch volume.spec.persistentVolumeReclaimPolicy {
        case "Recycle": .warning("VolumeFailedRecycle", "recycling is not supported; delete the volume, or clear it and remove its claimRef")
        case "Delete" where volume.metadata.annotations[VolumeNames.provisionedBy] == nil:
            .warning("VolumeFailedDelete", "nobody who made this volume can delete it; remove what it holds, then delete it")
        default: nil
        }
    }
}

struct VolumeEvent: Equatable {
    var type: String
    var reason: String
    var message: String

    static func normal(_ reason: String, _ message: String) -> VolumeEvent { .init(type: "Normal", reason: reason, message: message) }
    static func warning(_ reason: String, _ message: String) -> VolumeEvent { .init(type: "Warning", reason: reason, message: message) }
}
