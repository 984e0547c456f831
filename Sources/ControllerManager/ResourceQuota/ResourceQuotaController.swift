import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Says in each quota's status how much of it is used. Admission holds creations to the quota; this tells people.
struct ResourceQuotaController: Controller {
    static let name = "resourcequota-controller"
    /// How often all quotas are counted anew.
    static let resyncPeriod = Duration.seconds(300)

    private let context: ControllerContext
    private let quotas: Informer<ResourceQuota>
    private let pods: Informer<Pod>
    private let services: Informer<Service>
    private let claims: Informer<PersistentVolumeClaim>
    private let counts: ObjectCounts
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        let context = context.named(Self.name)
        self.context = context
        quotas = context.informers.informer(ResourceQuota.self)
        pods = context.informers.informer(Pod.self)
        services = context.informers.informer(Service.self)
        claims = context.informers.informer(PersistentVolumeClaim.self)
        queue = WorkQueue(time: context.time)
        let (quotas, queue) = (quotas, queue)
        @Sendable func recount(_ namespace: String?) {
            for quota in namespace.map({ quotas.list(namespace: $0) }) ?? quotas.list() { queue.add(NamespacedName(quota.metadata)) }
        }
        counts = ObjectCounts(context, changed: recount)
        quotas.addHandler(
            added: { recount($0.metadata.namespace) },
            updated: { old, new in
                if old.spec.jsonBytes() != new.spec.jsonBytes() { queue.add(NamespacedName(new.metadata)) }
            },
            deleted: { recount($0.metadata.namespace) })
        pods.addHandler(
            added: { recount($0.metadata.namespace) },
            updated: { old, new in
                // What pods ask for changes seldom; that they end is what frees a quota.
                if !old.hasEnded && new.hasEnded || old.metadata.generation != new.metadata.generation { recount(new.metadata.namespace) }
            },
            deleted: { recount($0.metadata.namespace) })
        services.addHandler(
            added: { recount($0.metadata.namespace) },
            updated: { old, new in if old.spec.jsonBytes() != new.spec.jsonBytes() { recount(new.metadata.namespace) } },
            deleted: { recount($0.metadata.namespace) })
        claims.addHandler(
            added: { recount($0.metadata.namespace) },
            updated: { old, new in if old.spec.jsonBytes() != new.spec.jsonBytes() { recount(new.metadata.namespace) } },
            deleted: { recount($0.metadata.namespace) })
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await runWorkers(queue: queue, count: 5, logger: context.logger) { key in try await sync(key) } }
            group.addTask { [counts] in await counts.run() }
            group.addTask { [self] in
                while !Task.isCancelled {
                    do { try await context.time.sleep(Self.resyncPeriod) } catch { return }
                    for quota in quotas.list() { queue.add(NamespacedName(quota.metadata)) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let quota = quotas.get(key) else { return }
        let used = used(quota, key.namespace)
        var changed = quota
        changed.status.hard = quota.spec.hard
        changed.status.used = used
        if changed.status.hard == quota.status.hard, used == quota.status.used { return }
        do {
            _ = try await context.client.update(changed, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// What the namespace uses of everything that the quota limits. What can't be counted yet keeps the figure it has.
    private func used(_ quota: ResourceQuota, _ namespace: String) -> [String: Quantity] {
        let names = Set(quota.spec.hard.keys)
        var used: [String: Quantity] = [:]
        for name in names { used[name] = Quantity() }
        func add(_ usage: [String: Quantity]) {
            for (name, amount) in usage where names.contains(name) { used[name] = (used[name] ?? Quantity()) + amount }
        }
        for pod in pods.list(namespace: namespace) where isCounted(pod) && quota.spec.covers(pod) { add(ResourceUsage.of(pod)) }
        guard quota.spec.coversAll else { return used }
        if names.contains(where: { $0.hasPrefix("services") }) {
            for service in services.list(namespace: namespace) { add(ResourceUsage.of(service)) }
        }
        if names.contains(where: { $0.contains("storage") || $0.contains("persistentvolumeclaims") }) {
            for claim in claims.list(namespace: namespace) { add(ResourceUsage.of(claim)) }
        }
        for name in names {
            let resource = name.hasPrefix("count/") ? String(name.dropFirst(6)) : Self.plainCounts.contains(name) ? name : nil
            guard let resource else { continue }
            used[name] = counts.count(resource, in: namespace).map { Quantity(Int64($0)) } ?? quota.status.used[name]
        }
        return used
    }

    /// Resources that count under their own name and need no look inside.
    private static let plainCounts: Set<String> = ["configmaps", "secrets", "replicationcontrollers", "resourcequotas"]

    /// Not ended, and not past the time that it was given to end.
    private func isCounted(_ pod: Pod) -> Bool {
        if pod.hasEnded { return false }
        guard let deletion = pod.metadata.deletionTimestamp else { return true }
        // The timestamp is when the time is over.
        return context.now <= deletion.seconds
    }
}

extension [String: Quantity] {
    fileprivate static func == (a: Self, b: Self) -> Bool { a.count == b.count && a.allSatisfy { b[$0.key] == $0.value } }
}
