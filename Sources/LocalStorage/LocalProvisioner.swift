import CoreV1
import KubernetesAPI
package import KubernetesClient
import Linux
package import Logging
import ServiceLifecycle
import StorageV1
import VolumeBinding

/// Makes volumes of folders of this node, and removes those that nobody needs any more.
///
/// One works on every node whose folders are to be used; the scheduler tells it by the claim's selected node that a volume is wanted here.
package struct LocalProvisioner: ServiceLifecycle.Service {
    /// The name under which storage classes ask for it.
    package static let name = "apus.dev/local-path"

    private enum Key: Hashable, Sendable {
        case claim(NamespacedName)
        case volume(String)
    }

    private let client: Client
    private let claims: Informer<PersistentVolumeClaim>
    private let volumes: Informer<PersistentVolume>
    private let classes: Informer<StorageClass>
    private let nodes: Informer<Node>
    private let nodeName: String
    private let folder: String
    private let events: EventRecorder
    private let queue: WorkQueue<Key>
    private let logger: Logger

    /// - Parameters:
    ///   - informers: run by the caller.
    ///   - folder: where the volumes' folders lie.
    package init(client: Client, informers: InformerFactory, nodeName: String, folder: String, time: TimeSource = .system, logger: Logger) {
        self.client = client
        self.nodeName = nodeName
        self.folder = folder
        self.logger = logger
        claims = informers.informer(PersistentVolumeClaim.self)
        volumes = informers.informer(PersistentVolume.self)
        classes = informers.informer(StorageClass.self)
        nodes = informers.informer(Node.self)
        events = EventRecorder(client: client, component: Self.name, host: nodeName, clock: time, logger: logger)
        queue = WorkQueue(time: time)
        let queue = queue
        @Sendable func look(_ claim: PersistentVolumeClaim) {
            let annotations = claim.metadata.annotations
            guard annotations[VolumeNames.provisioner] == Self.name, !claim.isBound, annotations[VolumeNames.selectedNode] ?? nodeName == nodeName
            else {
                return
            }
            queue.add(.claim(NamespacedName(claim.metadata)))
        }
        @Sendable func look(_ volume: PersistentVolume) {
            if volume.metadata.annotations[VolumeNames.provisionedBy] == Self.name, volume.status.phase == "Released" {
                queue.add(.volume(volume.metadata.name ?? ""))
            }
        }
        claims.addHandler(added: { look($0) }, updated: { look($1) }, deleted: { _ in })
        volumes.addHandler(added: { look($0) }, updated: { look($1) }, deleted: { _ in })
    }

    package func run() async throws {
        try await claims.waitForSync()
        try await volumes.waitForSync()
        try await classes.waitForSync()
        try await nodes.waitForSync()
        await runWorkers(queue: queue, count: 2, logger: logger) { [self] key in
            switch key {
            case .claim(let name): try await provision(name)
            case .volume(let name): try await remove(name)
            }
        }
    }

    // MARK: Making

    private func provision(_ key: NamespacedName) async throws {
        guard let claim = claims.get(key), !claim.isBound, claim.metadata.deletionTimestamp == nil, claim.spec.volumeName?.isEmpty ?? true,
            let storageClass = classes.get(claim.storageClass), let node = nodes.get(nodeName)
        else { return }
        let volume: PersistentVolume
        do {
            volume = try LocalVolume.volume(for: claim, storageClass, node: node, folder: folder)
            guard volumes.get(volume.metadata.name ?? "") == nil else { return }
            events.event(
                claim, type: "Normal", reason: "Provisioning", message: "External provisioner is provisioning volume for claim \"\(key)\"")
            try make(volume.spec.local?.path ?? "")
        } catch {
            events.event(
                claim, type: "Warning", reason: "ProvisioningFailed",
                message: "failed to provision volume with StorageClass \"\(claim.storageClass)\": \(error)")
            // What the claim asks for will not change; what the disk says may.
            if error is LocalVolume.Unsupported { return }
            throw error
        }
        do {
            _ = try await client.create(volume)
        } catch let error as APIStatusError where error.isAlreadyExists { return }
        events.event(
            claim, type: "Normal", reason: "ProvisioningSucceeded", message: "Successfully provisioned volume \(volume.metadata.name ?? "")")
    }

    private func make(_ path: String) throws {
        try Files.makeDirectory(folder)
        if Files.isDirectory(path) { return }
        try Files.makeDirectory(path)
        // Whoever runs in the pod, as with upstream's local-path.
        try Files.setMode(path, 0o777)
    }

    // MARK: Removing

    private func remove(_ name: String) async throws {
        guard let volume = volumes.get(name), volume.metadata.annotations[VolumeNames.provisionedBy] == Self.name, volume.status.phase == "Released",
            volume.spec.persistentVolumeReclaimPolicy == "Delete", let node = nodes.get(nodeName), volume.isReachable(from: SelectableNode(node)),
            let path = volume.spec.local?.path, LocalVolume.isOurs(path, of: name, folder: folder)
        else { return }
        do {
            try Files.removeTree(path)
        } catch {
            events.event(volume, type: "Warning", reason: "VolumeFailedDelete", message: "\(error)")
            throw error
        }
        do {
            try await client.delete(
                PersistentVolume.self, name, namespace: nil,
                DeleteOptions { options in
                    options.preconditions = Preconditions { $0.uid = volume.metadata.uid }
                })
        } catch let error as APIStatusError where error.isNotFound {}
    }
}
