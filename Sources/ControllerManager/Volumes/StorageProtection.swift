import CoreV1
import KubernetesAPI
import KubernetesClient
import VolumeBinding

/// Keeps claims until no pod uses them, whoever deletes them.
struct ClaimProtectionController: Controller {
    static let name = "persistentvolumeclaim-protection-controller"
    static let finalizer = "kubernetes.io/pvc-protection"

    private let context: ControllerContext
    private let claims: Informer<PersistentVolumeClaim>
    private let pods: Informer<Pod>
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        claims = context.informers.informer(PersistentVolumeClaim.self)
        pods = context.informers.informer(Pod.self)
        PodsByClaim.install(pods)
        queue = WorkQueue(time: context.time)
        let queue = queue
        claims.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { queue.add(NamespacedName($1.metadata)) }, deleted: { _ in })
        @Sendable func lookAtClaims(of pod: Pod) {
            for claim in pod.claims { queue.add(NamespacedName(namespace: pod.metadata.namespace ?? "", name: claim.name)) }
        }
        pods.addHandler(
            added: { _ in }, updated: { if $0.metadata.uid != $1.metadata.uid || $1.hasEnded { lookAtClaims(of: $0) } },
            deleted: { lookAtClaims(of: $0) })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 2, logger: context.logger) { [self] key in
            guard let claim = claims.get(key) else { return }
            try await Protection.sync(claim, finalizer: Self.finalizer, client: context.client) {
                if PodsByClaim.list(pods, key).contains(where: { uses($0, claim) }) { return true }
                // The informer may not know yet of a pod that was made a moment ago.
                return try await context.client.list(Pod.self, namespace: key.namespace).items.contains { uses($0, claim) }
            }
        }
    }

    /// A pod counts from the moment it has a node: then somebody may be at work with its volumes.
    private func uses(_ pod: Pod, _ claim: PersistentVolumeClaim) -> Bool {
        guard pod.spec.nodeName?.isEmpty == false else { return false }
        return pod.claims.contains { $0.name == claim.metadata.name && !($0.isEphemeral && pod.hasEnded) }
    }
}

/// Keeps volumes until they are bound no more.
struct VolumeProtectionController: Controller {
    static let name = "persistentvolume-protection-controller"
    static let finalizer = "kubernetes.io/pv-protection"

    private let context: ControllerContext
    private let volumes: Informer<PersistentVolume>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        volumes = context.informers.informer(PersistentVolume.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        volumes.addHandler(added: { queue.add($0.metadata.name ?? "") }, updated: { queue.add($1.metadata.name ?? "") }, deleted: { _ in })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 2, logger: context.logger) { [self] name in
            guard let volume = volumes.get(name, namespace: nil) else { return }
            try await Protection.sync(volume, finalizer: Self.finalizer, client: context.client) { volume.status.phase == "Bound" }
        }
    }
}

/// A finalizer that is there as long as an object is in use.
enum Protection {
    static func sync<T: KubernetesResource>(
        _ object: T, finalizer: String, client: Client, isUsed: () async throws -> Bool
    ) async throws {
        var changed = object
        let isProtected = object.metadata.finalizers.contains(finalizer)
        if object.metadata.deletionTimestamp == nil {
            if isProtected { return }
            changed.metadata.finalizers.append(finalizer)
        } else {
            guard isProtected, try await !isUsed() else { return }
            changed.metadata.finalizers.removeAll { $0 == finalizer }
        }
        do {
            _ = try await client.update(changed)
        } catch let error as APIStatusError where error.isNotFound {}
    }
}
