import CoreV1
import DiscoveryV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Writes the endpoints of services with a selector into EndpointSlices.
struct EndpointSliceController: Controller {
    static let name = "endpointslice-controller"
    static let managedBy = "endpointslice-controller.k8s.io"
    static let serviceLabel = "kubernetes.io/service-name"
    static let managedByLabel = "endpointslice.kubernetes.io/managed-by"
    static let headlessLabel = "service.kubernetes.io/headless"
    static let serviceIndex = "service"

    private let context: ControllerContext
    private let watcher: ServiceWatcher
    private let slices: Informer<EndpointSlice>
    private let events: EventRecorder
    /// Slices that were just written: an older copy of the informer must not be taken for the present state.
    private let expectations: Expectations

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        watcher = ServiceWatcher(context)
        slices = context.informers.informer(EndpointSlice.self)
        events = context.recorder(Self.name)
        expectations = Expectations(time: context.time)
        let (queue, expectations) = (watcher.queue, expectations)
        @Sendable func service(_ slice: EndpointSlice) -> NamespacedName? {
            guard slice.metadata.labels[Self.managedByLabel] == Self.managedBy else { return nil }
            return slice.metadata.labels[Self.serviceLabel].map { NamespacedName(namespace: slice.metadata.namespace ?? "", name: $0) }
        }
        slices.addIndex(Self.serviceIndex) { slice in
            service(slice).map { ["\($0)"] } ?? []
        }
        slices.addHandler(
            added: { slice in
                guard let key = service(slice) else { return }
                expectations.sawCreation(key)
                queue.add(key)
            },
            updated: { _, new in if let key = service(new) { queue.add(key) } },
            deleted: { slice in
                guard let key = service(slice) else { return }
                expectations.sawDeletion(key, uid: slice.metadata.uid ?? "")
                queue.add(key)
            })
    }

    func run() async throws {
        await runWorkers(queue: watcher.queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        // A deleted service's slices go with their owner.
        guard let service = watcher.services.get(key), !service.spec.selector.isEmpty, service.metadata.deletionTimestamp == nil,
            service.spec.type != "ExternalName"
        else { return expectations.forget(key) }
        guard expectations.areMet(key) else { return }
        let backends = Backend.all(of: service, among: watcher.pods.list(namespace: key.namespace))
        let existing = slices.list(index: Self.serviceIndex, key: "\(key)").filter { $0.metadata.deletionTimestamp == nil }
        var plan = SlicePlan()
        let families = service.spec.ipFamilies.isEmpty ? ["IPv4"] : service.spec.ipFamilies
        for family in families {
            plan.add(service, family: family, backends, existing.filter { $0.addressType == family })
        }
        plan.deletions += existing.filter { !families.contains($0.addressType) }
        try await carryOut(plan, service, key)
    }

    private func carryOut(_ plan: SlicePlan, _ service: Service, _ key: NamespacedName) async throws {
        guard !plan.isEmpty else { return }
        expectations.expect(key, creations: plan.creations.count, deletions: Set(plan.deletions.compactMap(\.metadata.uid)))
        do {
            for slice in plan.creations { _ = try await context.client.create(slice) }
            for slice in plan.updates { _ = try await context.client.update(slice) }
            for slice in plan.deletions {
                do {
                    try await context.client.delete(EndpointSlice.self, slice.metadata.name ?? "", namespace: key.namespace)
                } catch let error as APIStatusError where error.isNotFound {
                    expectations.sawDeletion(key, uid: slice.metadata.uid ?? "")
                }
            }
        } catch {
            expectations.forget(key)
            if let refusal = error as? APIStatusError, refusal.isNamespaceTerminating { return }
            events.event(
                service, type: "Warning", reason: "FailedToUpdateEndpointSlices",
                message: "Error updating Endpoint Slices for Service \(key): \(error)")
            throw error
        }
    }
}
