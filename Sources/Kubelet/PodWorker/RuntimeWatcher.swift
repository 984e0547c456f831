import ContainerRuntime
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Tells pods' workers that something changed in the runtime: at once by its events, and, in case an event was lost, by listing everything from
/// time to time and comparing.
final class RuntimeWatcher: Service {
    private let runtime: any RuntimeService
    private let source: any RuntimeEvents
    private let registry: PodRegistry
    private let manager: PodManager
    private let period: Duration
    private let time: TimeSource
    private let logger: Logger
    private let relistSoon = Signal()
    private let lastRelist: Mutex<Timestamp>
    /// What each pod had at the last listing: ids with their states.
    private let seen = Mutex<[String: Set<String>]>([:])

    /// Without a complete listing for this long the node says that it cannot see its pods.
    static let healthyFor: Duration = .seconds(180)

    init(
        runtime: any RuntimeService, source: any RuntimeEvents, registry: PodRegistry, manager: PodManager, period: Duration, time: TimeSource,
        logger: Logger
    ) {
        self.runtime = runtime
        self.source = source
        self.registry = registry
        self.manager = manager
        self.period = period
        self.time = time
        self.logger = logger
        self.lastRelist = Mutex(time.now)
    }

    /// nil when pods are watched as they should be.
    var problem: String? {
        let age = time.now.since(lastRelist.withLock { $0 })
        guard age > RuntimeWatcher.healthyFor else { return nil }
        return "PLEG is not healthy: pleg was last seen active \(Texts.duration(age)) ago; threshold is \(Texts.duration(RuntimeWatcher.healthyFor))"
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in await source.listen { [self] in hear($0) } }
                group.addTask { [self] in await relistNowAndThen() }
            }
        }
    }

    private func hear(_ event: RuntimeEvent) {
        logger.debug("runtime event", metadata: ["event": "\(event)"])
        switch event {
        case .subscribed: relistSoon.set()
        // What a worker starts it looks at by itself; what nobody owns (yet) is found by its owner's next look, or by the regular listing.
        case .started(let id, _): registry.tellStarted(id)
        case .outOfMemory(let id): registry.owner(of: id)?.lookAtRuntime()
        case .exited(let id, _, _), .deleted(let id): registry.tellEnded(id)
        }
    }

    private func relistNowAndThen() async {
        while !Task.isCancelled {
            do {
                try await relist()
                lastRelist.withLock { $0 = time.now }
            } catch {
                if Task.isCancelled { return }
                logger.warning("the runtime's pods could not be listed", metadata: ["error": "\(error)"])
            }
            do {
                try await relistSoon.wait(atMost: period, time)
                // Several events of one pod come together; one look serves them all.
                try await time.sleep(.milliseconds(20))
            } catch {
                return
            }
        }
    }

    func relist() async throws {
        var now: [String: Set<String>] = [:]
        var names: [String: (name: String, namespace: String)] = [:]
        for sandbox in try await runtime.listPodSandboxes(nil) {
            let uid = sandbox.metadata.uid
            now[uid, default: []].insert("\(sandbox.id) \(sandbox.state)")
            names[uid] = (sandbox.metadata.name, sandbox.metadata.namespace)
        }
        for container in try await runtime.listContainers(nil) {
            guard let uid = container.labels[RuntimeLabels.podUID] else { continue }
            now[uid, default: []].insert("\(container.id) \(container.state)")
            if names[uid] == nil { names[uid] = (container.labels[RuntimeLabels.podName] ?? "", container.labels[RuntimeLabels.podNamespace] ?? "") }
        }
        let before = seen.withLock { seen in
            defer { seen = now }
            return seen
        }
        for uid in Set(now.keys).union(before.keys) where now[uid] != before[uid] {
            registry.entry(uid: uid)?.mailbox.lookAtRuntime()
        }
        for uid in now.keys where registry.entry(uid: uid) == nil {
            manager.adoptOrphan(uid: uid, name: names[uid]?.name ?? "", namespace: names[uid]?.namespace ?? "")
        }
    }
}

/// Hands the watcher's health to those that are made before it.
final class HealthSource: Sendable {
    private let watcher = Mutex<RuntimeWatcher?>(nil)

    func follow(_ watcher: RuntimeWatcher) { self.watcher.withLock { $0 = watcher } }

    func problem() -> String? { watcher.withLock { $0 }?.problem }
}
