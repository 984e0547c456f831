import CoreV1
import DiscoveryV1
import JSON
import KubernetesAPI
import KubernetesClient
import Synchronization

/// Gives services of type LoadBalancer the addresses of nodes, where no cloud gives them any. Services that name a `loadBalancerClass` are left to
/// whoever bears it; `--controllers=*,-service-lb-controller` leaves all of them to somebody else.
struct ServiceLoadBalancerController: Controller {
    static let name = "service-lb-controller"

    private let context: ControllerContext
    private let services: Informer<Service>
    private let nodes: Informer<Node>
    private let slices: Informer<EndpointSlice>
    private let events: EventRecorder
    /// One key for all: a port that one service gives up is another's.
    private let queue: WorkQueue<String>
    private static let all = "services"
    /// What was last said of each service that waits.
    private let told = Told()

    private final class Told: Sendable {
        let messages = Mutex<[String: String]>([:])
    }

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        services = context.informers.informer(Service.self)
        nodes = context.informers.informer(Node.self)
        slices = context.informers.informer(EndpointSlice.self)
        events = context.recorder("service-controller")
        queue = WorkQueue(time: context.time)
        let (services, queue) = (services, queue)
        @Sendable func takesPorts(_ service: Service) -> Bool { service.spec.ports.contains { $0.nodePort ?? 0 != 0 } || Self.concerns(service) }
        services.addHandler(
            added: { if takesPorts($0) { queue.add(Self.all) } },
            updated: { old, new in if takesPorts(old) || takesPorts(new) { queue.add(Self.all) } },
            deleted: { if takesPorts($0) { queue.add(Self.all) } })
        nodes.addHandler(
            added: { _ in queue.add(Self.all) },
            updated: { old, new in
                // Most updates are heartbeats.
                if LoadBalancerPlan.takesPart(old) != LoadBalancerPlan.takesPart(new)
                    || LoadBalancerPlan.addresses(old) != LoadBalancerPlan.addresses(new)
                {
                    queue.add(Self.all)
                }
            },
            deleted: { _ in queue.add(Self.all) })
        // Where pods are matters to services that stay on their nodes, and to nobody else.
        @Sendable func look(_ slice: EndpointSlice) {
            guard let key = Self.service(of: slice) else { return }
            if key == Self.apiServer || services.get(key).map(Self.staysLocal) == true { queue.add(Self.all) }
        }
        slices.addHandler(added: look, updated: { _, new in look(new) }, deleted: look)
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] _ in try await sync() }
    }

    private static let apiServer = NamespacedName(namespace: "default", name: "kubernetes")

    private static func service(of slice: EndpointSlice) -> NamespacedName? {
        slice.metadata.labels[EndpointSliceController.serviceLabel].map { NamespacedName(namespace: slice.metadata.namespace ?? "", name: $0) }
    }

    private static func staysLocal(_ service: Service) -> Bool { concerns(service) && service.spec.externalTrafficPolicy == "Local" }

    /// Whether a service has addresses of ours, or is to have some.
    private static func concerns(_ service: Service) -> Bool {
        LoadBalancerPlan.isServed(service) || service.spec.type != "LoadBalancer" && service.status.loadBalancer?.ingress.isEmpty == false
    }

    private func sync() async throws {
        let all = services.list()
        let concerned = all.filter { Self.concerns($0) && $0.metadata.deletionTimestamp == nil }
        let keys = Set(concerned.map { NamespacedName($0.metadata) } + [Self.apiServer])
        var found: [NamespacedName: [EndpointSlice]] = [:]
        for slice in slices.list() {
            if let key = Self.service(of: slice), keys.contains(key) { found[key, default: []].append(slice) }
        }
        let plan = LoadBalancerPlan(
            services: all, nodes: nodes.list(), apiServerPorts: (found[Self.apiServer] ?? []).flatMap(\.ports).compactMap(\.port))
        told.messages.withLock { messages in messages = messages.filter { uid, _ in concerned.contains { $0.metadata.uid == uid } } }
        for service in concerned {
            let outcome: LoadBalancerPlan.Outcome =
                service.spec.type == "LoadBalancer" ? plan.outcome(service, slices: found[NamespacedName(service.metadata)] ?? []) : .addresses([])
            try await write(outcome, to: service)
        }
    }

    private func write(_ outcome: LoadBalancerPlan.Outcome, to service: Service) async throws {
        var wanted: [String] = []
        if case .addresses(let addresses) = outcome { wanted = addresses }
        let present = (service.status.loadBalancer?.ingress ?? []).map { $0.ip ?? "" }
        if wanted != present {
            let ingress = wanted.map { JSONValue.object(["ip": .string($0), "ipMode": "VIP"]) }
            do {
                _ = try await context.client.patch(
                    Service.self, service.metadata.name ?? "", namespace: service.metadata.namespace,
                    .merge(["metadata": ["uid": .string(service.metadata.uid ?? "")], "status": ["loadBalancer": ["ingress": .array(ingress)]]]),
                    subresource: "status")
            } catch let error as APIStatusError where error.isNotFound || error.isConflict {
                // Gone, or another by the same name: the informer will tell.
                return
            }
        }
        tell(outcome, service, wasServed: !present.isEmpty, hasChanged: wanted != present)
    }

    private func tell(_ outcome: LoadBalancerPlan.Outcome, _ service: Service, wasServed: Bool, hasChanged: Bool) {
        let uid = service.metadata.uid ?? ""
        switch outcome {
        case .addresses(let addresses):
            told.messages.withLock { $0[uid] = nil }
            guard hasChanged, !addresses.isEmpty else { return }
            events.event(
                service, type: "Normal", reason: wasServed ? "UpdatedLoadBalancer" : "EnsuredLoadBalancer",
                message: wasServed ? "Updated load balancer with new hosts" : "Ensured load balancer")
        case .pending(let reason, let message):
            let isNew = told.messages.withLock { messages in
                defer { messages[uid] = message }
                return messages[uid] != message
            }
            if isNew { events.event(service, type: "Warning", reason: reason, message: message) }
        }
    }
}
