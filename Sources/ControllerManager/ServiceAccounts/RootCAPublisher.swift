import CoreV1
import KubernetesAPI
import KubernetesClient

/// Puts the certificate by which pods verify the API server into every namespace, and keeps it there unchanged.
struct RootCAPublisher: Controller {
    static let name = "root-ca-certificate-publisher-controller"
    static let configMapName = "kube-root-ca.crt"
    static let description = "The certificates by which clients inside the cluster verify the API server."

    private let context: ControllerContext
    private let rootCA: String
    private let namespaces: Informer<Namespace>
    private let configMaps: Informer<ConfigMap>
    private let queue: WorkQueue<String>

    /// - Parameter rootCA: PEM.
    init(_ context: ControllerContext, rootCA: String) {
        self.context = context.named(Self.name)
        self.rootCA = rootCA
        namespaces = context.informers.informer(Namespace.self)
        configMaps = context.informers.informer(ConfigMap.self, fieldSelector: "metadata.name=\(Self.configMapName)")
        queue = WorkQueue(time: context.time)
        let queue = queue
        namespaces.addHandler(
            added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") })
        configMaps.addHandler(
            updated: { _, new in queue.add(new.metadata.namespace ?? "") }, deleted: { queue.add($0.metadata.namespace ?? "") })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] namespace in try await sync(namespace) }
    }

    private func sync(_ namespace: String) async throws {
        guard namespaces.get(namespace)?.status.phase == "Active" else { return }
        do {
            guard var current = configMaps.get(Self.configMapName, namespace: namespace) else {
                var configMap = ConfigMap()
                configMap.metadata.name = Self.configMapName
                configMap.metadata.namespace = namespace
                configMap.metadata.annotations["kubernetes.io/description"] = Self.description
                configMap.data = ["ca.crt": rootCA]
                _ = try await context.client.create(configMap)
                return
            }
            guard current.data != ["ca.crt": rootCA] else { return }
            current.data = ["ca.crt": rootCA]
            _ = try await context.client.update(current)
        } catch let error as APIStatusError where error.isAlreadyExists || error.isNamespaceTerminating || error.isNotFound {}
    }
}
