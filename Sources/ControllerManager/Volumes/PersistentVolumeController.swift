import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import StorageV1
import VolumeBinding

/// Brings claims and volumes together, and sees to what becomes of a volume whose claim is gone.
///
/// Volumes are made and removed by provisioners; this controller tells them by annotations, as upstream's does.
struct PersistentVolumeController: Controller {
    static let name = "persistentvolume-binder-controller"

    private enum Key: Hashable, Sendable {
        case claim(NamespacedName)
        case volume(String)
    }

    private let context: ControllerContext
    private let claims: Informer<PersistentVolumeClaim>
    private let volumes: Informer<PersistentVolume>
    private let classes: Informer<StorageClass>
    private let pods: Informer<Pod>
    private let events: EventRecorder
    private let queue: WorkQueue<Key>
    private let writtenClaims = WrittenVersions()
    private let writtenVolumes = WrittenVersions()

    /// How long a claim that cannot be bound rests before it is looked at again, so that people see that it still waits.
    private static let reminder = Duration.seconds(15)

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        claims = context.informers.informer(PersistentVolumeClaim.self)
        volumes = context.informers.informer(PersistentVolume.self)
        classes = context.informers.informer(StorageClass.self)
        pods = context.informers.informer(Pod.self)
        PodsByClaim.install(pods)
        events = context.recorder("persistentvolume-controller")
        queue = WorkQueue(time: context.time)
        listen()
    }

    private func listen() {
        let queue = queue
        let claims = claims
        @Sendable func look(_ claim: PersistentVolumeClaim) {
            queue.add(.claim(NamespacedName(claim.metadata)))
            if let volume = claim.spec.volumeName, !volume.isEmpty { queue.add(.volume(volume)) }
        }
        @Sendable func look(_ volume: PersistentVolume) {
            queue.add(.volume(volume.metadata.name ?? ""))
            if let reference = volume.spec.claimRef {
                queue.add(.claim(NamespacedName(namespace: reference.namespace ?? "", name: reference.name ?? "")))
            } else {
                // Somebody may have waited for just this one.
                for claim in claims.list() where claim.spec.volumeName?.isEmpty ?? true { queue.add(.claim(NamespacedName(claim.metadata))) }
            }
        }
        claims.addHandler(added: { look($0) }, updated: { look($1) }, deleted: { look($0) })
        volumes.addHandler(added: { look($0) }, updated: { look($1) }, deleted: { look($0) })
        classes.addHandler(
            added: { made in
                for claim in claims.list() where claim.storageClass == made.metadata.name { queue.add(.claim(NamespacedName(claim.metadata))) }
            },
            updated: { _, _ in }, deleted: { _ in })
    }

    func run() async throws {
        // One worker: two would compete for the same volumes.
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] key in
            switch key {
            case .claim(let name): try await sync(claim: name)
            case .volume(let name): try await sync(volume: name)
            }
        }
    }

    // MARK: Claims

    private func sync(claim key: NamespacedName) async throws {
        guard let claim = claims.get(key) else { return writtenClaims.forget(key) }
        guard writtenClaims.includes(claim.metadata), claim.metadata.deletionTimestamp == nil else { return }
        let named = claim.spec.volumeName.flatMap { volumes.get($0, namespace: nil) }
        let waiting = PodsByClaim.list(pods, key).filter { $0.spec.nodeName?.isEmpty ?? true }.compactMap(\.metadata.name).min()
        let step = ClaimStep(
            claim, volume: named, volumes: { volumes.list() }, storageClass: classes.get(claim.storageClass, namespace: nil), waitingPod: waiting)
        switch step {
        case .bind(let volume):
            guard writtenVolumes.includes(volume.metadata) else { return }
            try await bind(claim, volume)
        case .wait(let event):
            if let event {
                events.event(claim, type: event.type, reason: event.reason, message: event.message)
                queue.add(.claim(key), after: Self.reminder)
            }
            _ = try await write(claim, phase: "Pending")
        case .provision(let provisioner):
            try await provision(claim, by: provisioner)
            queue.add(.claim(key), after: Self.reminder)
        case .lost(let event):
            guard claim.status.phase != "Lost" else { return }
            events.event(claim, type: event.type, reason: event.reason, message: event.message)
            _ = try await write(claim, phase: "Lost")
        }
    }

    /// Four writes, each of which may find itself done: the volume's reference, its phase, the claim's reference, its phase.
    private func bind(_ seenClaim: PersistentVolumeClaim, _ seenVolume: PersistentVolume) async throws {
        var claim = seenClaim
        var volume = seenVolume
        if volume.spec.claimRef?.uid != claim.metadata.uid {
            if volume.spec.claimRef == nil { volume.metadata.annotations[VolumeNames.boundByController] = "yes" }
            volume.spec.claimRef = ObjectReference(claim)
            volume = try await write(volume)
        }
        volume = try await write(volume, phase: "Bound")
        let name = volume.metadata.name ?? ""
        if claim.spec.volumeName != name || claim.metadata.annotations[VolumeNames.bindCompleted] == nil {
            if claim.spec.volumeName != name {
                claim.spec.volumeName = name
                claim.metadata.annotations[VolumeNames.boundByController] = "yes"
            }
            claim.metadata.annotations[VolumeNames.bindCompleted] = "yes"
            claim = try await context.client.update(claim)
            writtenClaims.wrote(claim.metadata)
        }
        _ = try await write(claim, phase: "Bound", volume: volume)
    }

    private func provision(_ seen: PersistentVolumeClaim, by provisioner: String) async throws {
        var claim = seen
        if claim.metadata.annotations[VolumeNames.provisioner] != provisioner {
            claim.metadata.annotations[VolumeNames.provisioner] = provisioner
            claim.metadata.annotations[VolumeNames.provisionerBeta] = provisioner
            claim = try await context.client.update(claim)
            writtenClaims.wrote(claim.metadata)
        }
        events.event(
            claim, type: "Normal", reason: "ExternalProvisioning",
            message:
                "Waiting for a volume to be created either by the external provisioner '\(provisioner)' or manually by the system administrator. "
                + "If volume creation is delayed, please verify that the provisioner is running and correctly registered.")
        _ = try await write(claim, phase: "Pending")
    }

    /// - Parameter volume: what the claim is bound to; its size and ways of access become the claim's.
    private func write(_ claim: PersistentVolumeClaim, phase: String, volume: PersistentVolume? = nil) async throws -> PersistentVolumeClaim {
        var changed = claim
        changed.status.phase = phase
        if let volume {
            changed.status.accessModes = volume.spec.accessModes
            // A claim that grows has the size that it was told of when that is done.
            if claim.status.phase != "Bound" || changed.status.capacity.isEmpty { changed.status.capacity = volume.spec.capacity }
        } else {
            changed.status.accessModes = []
            changed.status.capacity = [:]
        }
        if changed.status.jsonBytes() == claim.status.jsonBytes() { return claim }
        let written = try await context.client.update(changed, subresource: "status")
        writtenClaims.wrote(written.metadata)
        return written
    }

    // MARK: Volumes

    private func sync(volume name: String) async throws {
        let key = NamespacedName(namespace: "", name: name)
        guard let volume = volumes.get(name, namespace: nil) else { return writtenVolumes.forget(key) }
        guard writtenVolumes.includes(volume.metadata) else { return }
        switch VolumeStep(volume, claim: try await claim(of: volume)) {
        case .phase(let phase): _ = try await write(volume, phase: phase)
        case .claimFirst:
            guard let reference = volume.spec.claimRef else { return }
            queue.add(.claim(NamespacedName(namespace: reference.namespace ?? "", name: reference.name ?? "")))
        case .unbind(let entirely):
            var free = volume
            if entirely {
                free.spec.claimRef = nil
                free.metadata.annotations[VolumeNames.boundByController] = nil
            } else {
                free.spec.claimRef?.uid = nil
            }
            _ = try await write(try await write(free), phase: "Available")
        case .release(let event):
            guard volume.status.phase != "Released", volume.status.phase != "Failed" else { return }
            if let event { events.event(volume, type: event.type, reason: event.reason, message: event.message) }
            _ = try await write(volume, phase: event == nil ? "Released" : "Failed", message: event?.message)
        }
    }

    /// The claim that the volume names. That there is none is asked of the server: to release a volume in error would cost data.
    private func claim(of volume: PersistentVolume) async throws -> PersistentVolumeClaim? {
        guard let reference = volume.spec.claimRef, let uid = reference.uid, !uid.isEmpty, let name = reference.name else { return nil }
        if let claim = claims.get(name, namespace: reference.namespace), claim.metadata.uid == uid { return claim }
        do {
            return try await context.client.get(PersistentVolumeClaim.self, name, namespace: reference.namespace)
        } catch let error as APIStatusError where error.isNotFound {
            return nil
        }
    }

    private func write(_ volume: PersistentVolume) async throws -> PersistentVolume {
        let written = try await context.client.update(volume)
        writtenVolumes.wrote(written.metadata)
        return written
    }

    private func write(_ volume: PersistentVolume, phase: String, message: String? = nil) async throws -> PersistentVolume {
        if volume.status.phase == phase { return volume }
        var changed = volume
        changed.status.phase = phase
        changed.status.message = message
        changed.status.lastPhaseTransitionTime = Time(seconds: context.now)
        let written = try await context.client.update(changed, subresource: "status")
        writtenVolumes.wrote(written.metadata)
        return written
    }
}
