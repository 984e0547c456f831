import JSON
import KubernetesAPI
import KubernetesClient
import NetworkingV1

/// Says of ranges of service addresses that they are ready, and keeps those that are deleted until no service has an address that would be in none.
struct ServiceCIDRController: Controller {
    static let name = "service-cidr-controller"
    static let finalizer = "networking.k8s.io/service-cidr-finalizer"
    /// How long a deleted range is kept at least, so that all who hand out addresses have heard of it.
    static let secondsKept: Int64 = 10

    private let context: ControllerContext
    private let ranges: Informer<ServiceCIDR>
    private let addresses: Informer<IPAddress>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        ranges = context.informers.informer(ServiceCIDR.self)
        addresses = context.informers.informer(IPAddress.self)
        queue = WorkQueue(time: context.time)
        let (queue, ranges) = (queue, ranges)
        @Sendable func others(than range: ServiceCIDR) {
            // One that comes or goes may hold what keeps another.
            for other in ranges.list() where range.ranges.contains(where: { own in other.ranges.contains { $0.overlaps(own) } }) {
                queue.add(other.metadata.name ?? "")
            }
        }
        ranges.addHandler(
            added: {
                queue.add($0.metadata.name ?? "")
                others(than: $0)
            }, updated: { queue.add($1.metadata.name ?? "") }, deleted: others)
        @Sendable func holders(of address: IPAddress) {
            guard address.isAllocated, let place = address.range else { return }
            for range in ranges.list() where range.ranges.contains(where: { $0.contains(place) }) { queue.add(range.metadata.name ?? "") }
        }
        addresses.addHandler(added: holders, updated: { _, _ in }, deleted: holders)
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] name in
            guard let range = ranges.get(name, namespace: nil) else { return }
            do {
                try await sync(range, name)
            } catch let error as APIStatusError where error.isNotFound {}
        }
    }

    private func sync(_ range: ServiceCIDR, _ name: String) async throws {
        let isKept = range.metadata.finalizers.contains(Self.finalizer)
        guard let deletion = range.metadata.deletionTimestamp else {
            var range = range
            if !isKept {
                range.metadata.finalizers.append(Self.finalizer)
                range = try await context.client.update(range)
            }
            try await say(range, status: "True", reason: "", "Kubernetes Service CIDR is ready")
            return
        }
        guard isKept else { return }
        if isNeeded(range) {
            try await say(
                range, status: "False", reason: "Terminating",
                "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR")
            return
        }
        let left = Self.secondsKept - (context.now - deletion.seconds)
        if left > 0 {
            queue.add(name, after: .seconds(left))
            return
        }
        var changed = range
        changed.metadata.finalizers.removeAll { $0 == Self.finalizer }
        _ = try await context.client.update(changed)
    }

    /// Whether a service has an address that is in no other range.
    private func isNeeded(_ range: ServiceCIDR) -> Bool {
        let others = ranges.list().filter { $0.metadata.uid != range.metadata.uid }.flatMap(\.ranges)
        let own = range.ranges
        if own.allSatisfy({ part in others.contains { $0.contains(part) } }) { return false }
        return addresses.list().contains { address in
            guard address.isAllocated, let place = address.range, own.contains(where: { $0.contains(place) }) else { return false }
            return !others.contains { $0.contains(place) }
        }
    }

    private func say(_ range: ServiceCIDR, status: String, reason: String, _ message: String) async throws {
        if let known = range.status.conditions.first(where: { $0.type == "Ready" }), known.status == status, known.message == message { return }
        var changed = range
        changed.status.conditions.removeAll { $0.type == "Ready" }
        changed.status.conditions.append(
            Condition {
                $0.type = "Ready"
                $0.status = status
                $0.reason = reason
                $0.message = message
                $0.lastTransitionTime = Time(seconds: context.now)
            })
        _ = try await context.client.update(changed, subresource: "status")
    }
}

extension ServiceCIDR {
    fileprivate var ranges: [AddressRange] { spec.cidrs.compactMap { AddressRange($0) } }
}

extension IPAddress {
    /// Whether the API server has handed it out.
    fileprivate var isAllocated: Bool { metadata.labels["ipaddress.kubernetes.io/managed-by"] == "ipallocator.k8s.io" }
    fileprivate var range: AddressRange? { metadata.name.flatMap { AddressRange(address: $0) } }
}
