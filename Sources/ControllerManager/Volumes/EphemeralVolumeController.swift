import CoreV1
import KubernetesAPI
import KubernetesClient
import VolumeBinding

/// Makes the claims of volumes that live as long as their pods.
struct EphemeralVolumeController: Controller {
    static let name = "ephemeral-volume-controller"

    private let context: ControllerContext
    private let claims: Informer<PersistentVolumeClaim>
    private let pods: Informer<Pod>
    private let events: EventRecorder
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        claims = context.informers.informer(PersistentVolumeClaim.self)
        pods = context.informers.informer(Pod.self)
        PodsByClaim.install(pods)
        events = context.recorder("ephemeral_volume")
        queue = WorkQueue(time: context.time)
        let (queue, pods) = (queue, pods)
        pods.addHandler(
            added: { pod in
                if pod.spec.volumes.contains(where: { $0.ephemeral != nil }) { queue.add(NamespacedName(pod.metadata)) }
            }, updated: { _, _ in }, deleted: { _ in })
        // One that is gone may be missed by its pod.
        claims.addHandler(
            added: { _ in }, updated: { _, _ in },
            deleted: { claim in
                for pod in PodsByClaim.list(pods, NamespacedName(claim.metadata)) { queue.add(NamespacedName(pod.metadata)) }
            })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in
            guard let pod = pods.get(key), pod.metadata.deletionTimestamp == nil else { return }
            for volume in pod.spec.volumes where volume.ephemeral != nil { try await ensure(volume, of: pod) }
        }
    }

    private func ensure(_ volume: Volume, of pod: Pod) async throws {
        guard let name = pod.claim(of: volume)?.name, let template = volume.ephemeral?.volumeClaimTemplate else { return }
        if let existing = claims.get(name, namespace: pod.metadata.namespace) {
            guard !existing.metadata.isControlled(by: pod.metadata) else { return }
            let message =
                "PVC \(pod.metadata.namespace ?? "")/\(name) was not created for pod \(NamespacedName(pod.metadata)) (pod is not owner)"
            events.event(pod, type: "Warning", reason: "EphemeralVolumeCreationFailed", message: message)
            throw ClaimOfAnother(description: message)
        }
        let claim = PersistentVolumeClaim { claim in
            claim.metadata.name = name
            claim.metadata.namespace = pod.metadata.namespace
            claim.metadata.labels = template.metadata.labels
            claim.metadata.annotations = template.metadata.annotations
            claim.metadata.ownerReferences = [OwnerReference(controller: pod)]
            claim.spec = template.spec
        }
        do {
            _ = try await context.client.create(claim)
        } catch let error as APIStatusError where error.isAlreadyExists || error.isNamespaceTerminating {
        } catch {
            events.event(
                pod, type: "Warning", reason: "EphemeralVolumeCreationFailed",
                message: "ephemeral volume creation for \(volume.name) failed: \(error)")
            throw error
        }
    }
}

/// The claim's name is taken.
struct ClaimOfAnother: Error, CustomStringConvertible {
    var description: String
}
