import CoreV1
import DiscoveryV1
import KubernetesAPI
import KubernetesClient

/// Copies Endpoints that people wrote for services without selectors into EndpointSlices, which is what is read.
struct EndpointSliceMirroringController: Controller {
    static let name = "endpointslice-mirroring-controller"
    static let skipLabel = "endpointslice.kubernetes.io/skip-mirror"
    private static let leaderAnnotation = "control-plane.alpha.kubernetes.io/leader"
    private static let mirroredIndex = "mirroredService"

    private let context: ControllerContext
    private let endpoints: Informer<Endpoints>
    private let services: Informer<Service>
    private let slices: Informer<EndpointSlice>
    private let events: EventRecorder
    /// Slices that were just made: without them in sight they would be made twice.
    private let expectations: Expectations
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        endpoints = context.informers.informer(Endpoints.self)
        services = context.informers.informer(Service.self)
        slices = context.informers.informer(EndpointSlice.self)
        events = context.recorder(Self.name)
        expectations = Expectations(time: context.time)
        queue = WorkQueue(time: context.time)
        let (queue, expectations) = (queue, expectations)
        endpoints.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { _, new in queue.add(NamespacedName(new.metadata)) },
            deleted: { queue.add(NamespacedName($0.metadata)) })
        services.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { old, new in
                if old.spec.selector.isEmpty != new.spec.selector.isEmpty { queue.add(NamespacedName(new.metadata)) }
            },
            deleted: { queue.add(NamespacedName($0.metadata)) })
        slices.addIndex(Self.mirroredIndex) { slice in Self.service(of: slice).map { ["\($0)"] } ?? [] }
        @Sendable func look(_ slice: EndpointSlice) { if let key = Self.service(of: slice) { queue.add(key) } }
        slices.addHandler(
            added: { slice in
                if let key = Self.service(of: slice) { expectations.sawCreation(key) }
                look(slice)
            },
            updated: { _, new in look(new) }, deleted: look)
    }

    /// The service whose mirrored slice this is.
    private static func service(of slice: EndpointSlice) -> NamespacedName? {
        guard slice.metadata.labels["endpointslice.kubernetes.io/managed-by"] == MirrorPlan.managedBy,
            let name = slice.metadata.labels["kubernetes.io/service-name"]
        else { return nil }
        return NamespacedName(namespace: slice.metadata.namespace ?? "", name: name)
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard expectations.areMet(key) else { return }
        let existing = slices.list(index: Self.mirroredIndex, key: "\(key)")
        guard let source = mirrored(key) else {
            for slice in existing { try await delete(slice) }
            return expectations.forget(key)
        }
        let plan = MirrorPlan(source, existing: existing.sorted { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") })
        if plan.skipped > 0 {
            events.event(
                source, type: "Warning", reason: "TooManyAddressesToMirror",
                message:
                    "A max of \(MirrorPlan.addressesMax) addresses can be mirrored to EndpointSlices per Endpoints subset. \(plan.skipped) addresses were skipped"
            )
        }
        for slice in plan.updates { _ = try await context.client.update(slice) }
        expectations.expect(key, creations: plan.creations.count)
        for slice in plan.creations {
            do {
                _ = try await context.client.create(slice)
            } catch {
                expectations.forget(key)
                if (error as? APIStatusError)?.isNamespaceTerminating == true { return }
                throw error
            }
        }
        for slice in plan.deletions { try await delete(slice) }
    }

    /// The Endpoints object to copy; nil when there is none, or when somebody else makes the slices.
    private func mirrored(_ key: NamespacedName) -> Endpoints? {
        guard let source = endpoints.get(key), source.metadata.deletionTimestamp == nil, source.metadata.labels[Self.skipLabel] != "true",
            source.metadata.annotations[Self.leaderAnnotation] == nil, let service = services.get(key), service.spec.selector.isEmpty
        else { return nil }
        return source
    }

    private func delete(_ slice: EndpointSlice) async throws {
        do {
            try await context.client.delete(EndpointSlice.self, slice.metadata.name ?? "", namespace: slice.metadata.namespace)
        } catch let error as APIStatusError where error.isNotFound {}
    }
}
