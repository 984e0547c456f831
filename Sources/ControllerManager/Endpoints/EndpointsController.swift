import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Writes the endpoints of services with a selector into Endpoints objects, for clients that have not moved to EndpointSlices.
struct EndpointsController: Controller {
    static let name = "endpoints-controller"
    static let managedByLabel = "endpoints.kubernetes.io/managed-by"
    /// Upstream's limit; more addresses are left out and an annotation says so.
    static let addressesMax = 1000

    private let context: ControllerContext
    private let watcher: ServiceWatcher
    private let endpoints: Informer<Endpoints>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        watcher = ServiceWatcher(context)
        endpoints = context.informers.informer(Endpoints.self)
        let queue = watcher.queue
        endpoints.addHandler(deleted: { queue.add(NamespacedName($0.metadata)) })
    }

    func run() async throws {
        await runWorkers(queue: watcher.queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let service = watcher.services.get(key) else {
            guard endpoints.get(key)?.metadata.labels[Self.managedByLabel] != nil else { return }
            do {
                try await context.client.delete(Endpoints.self, key.name, namespace: key.namespace)
            } catch let error as APIStatusError where error.isNotFound {}
            return
        }
        guard !service.spec.selector.isEmpty, service.metadata.deletionTimestamp == nil else { return }
        let backends = Backend.all(of: service, among: watcher.pods.list(namespace: key.namespace))
        let current = endpoints.get(key)
        var wanted = current ?? Endpoints()
        wanted.metadata.name = key.name
        wanted.metadata.namespace = key.namespace
        wanted.metadata.labels = service.metadata.labels
        wanted.metadata.labels[Self.managedByLabel] = "endpoints-controller"
        wanted.metadata.labels["service.kubernetes.io/headless"] = service.spec.clusterIP == "None" ? "" : nil
        wanted.metadata.annotations["endpoints.kubernetes.io/over-capacity"] = backends.count > Self.addressesMax ? "truncated" : nil
        wanted.subsets = Self.subsets(service, backends.prefix(Self.addressesMax))
        if let current, current.jsonBytes() == wanted.jsonBytes() { return }
        do {
            _ = current == nil ? try await context.client.create(wanted) : try await context.client.update(wanted)
        } catch let error as APIStatusError where error.isNamespaceTerminating {
            return
        }
    }

    /// The backends grouped by their port numbers.
    static func subsets(_ service: Service, _ backends: some Sequence<Backend>) -> [EndpointSubset] {
        let family = service.spec.ipFamilies.first ?? "IPv4"
        var subsets: [EndpointSubset] = []
        var positions: [[UInt8]: Int] = [:]
        for backend in backends where !backend.isTerminating || service.spec.publishNotReadyAddresses == true {
            guard let ip = backend.address(family) else { continue }
            let ports = ports(service, backend)
            if ports.isEmpty, !service.spec.ports.isEmpty { continue }
            var address = EndpointAddress()
            address.ip = ip
            address.hostname = backend.hostname(in: service)
            address.nodeName = backend.pod.spec.nodeName
            address.targetRef = backend.reference
            let key = ports.flatMap { "\($0.name ?? "")|\($0.port)|\($0.protocol ?? "");".utf8 }
            let position = positions[key] ?? subsets.count
            if position == subsets.count {
                positions[key] = position
                var subset = EndpointSubset()
                subset.ports = ports
                subsets.append(subset)
            }
            if backend.isReady {
                subsets[position].addresses.append(address)
            } else {
                subsets[position].notReadyAddresses.append(address)
            }
        }
        return subsets
    }

    private static func ports(_ service: Service, _ backend: Backend) -> [EndpointPort] {
        service.spec.ports.compactMap { servicePort in
            guard let number = backend.port(for: servicePort) else { return nil }
            var port = EndpointPort()
            port.name = servicePort.name
            port.port = number
            port.protocol = servicePort.protocol ?? "TCP"
            port.appProtocol = servicePort.appProtocol
            return port
        }
    }
}
