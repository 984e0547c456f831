import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Has one worker for each pod of this node: those the API names, and those that an earlier life left in the runtime.
final class PodManager: ServiceLifecycle.Service {
    private enum Change: Sendable {
        case updated(Pod)
        case removed(Pod)
        /// Found on the node, unknown to the API.
        case orphan(Pod)
        case synced
        /// All that the folder of manifests has.
        case staticPods([Pod])
        /// The worker of a static pod is done: another one may have its name now.
        case ended(Pod)
    }

    /// Of static pods. Only the loop that handles changes uses it.
    private struct StaticPods {
        /// Nil until the folder has been read.
        var wanted: [String: Pod]?
        var running: [String: Pod] = [:]
    }

    private let services: NodeServices
    private let registry: PodRegistry
    private let informer: Informer<Pod>
    private let nodeObject: @Sendable () -> Node?
    private let logger: Logger
    private let changes: AsyncStream<Change>
    private let post: AsyncStream<Change>.Continuation
    private let isSynced = Atomic<Bool>(false)
    private let lacksStaticPods = Atomic<Bool>(false)

    init(services: NodeServices, registry: PodRegistry, informer: Informer<Pod>, nodeObject: @escaping @Sendable () -> Node?) {
        self.services = services
        self.registry = registry
        self.informer = informer
        self.nodeObject = nodeObject
        self.logger = services.logger
        (changes, post) = AsyncStream.makeStream(of: Change.self)
    }

    /// Whether the API's pods and the static ones are all known, so that anything else in the runtime belongs to none.
    var knowsAllPods: Bool { isSynced.load(ordering: .acquiring) && !lacksStaticPods.load(ordering: .acquiring) }

    /// There is a folder of static pods: nothing is an orphan before it has been read.
    func expectStaticPods() { lacksStaticPods.store(true, ordering: .releasing) }

    func setStaticPods(_ pods: [Pod]) { post.yield(.staticPods(pods)) }

    /// A pod found in the runtime or on disk that the API does not know: it is to be stopped and removed.
    func adoptOrphan(uid: String, name: String, namespace: String) {
        guard knowsAllPods, registry.entry(uid: uid) == nil else { return }
        var pod = Pod()
        pod.metadata.uid = uid
        pod.metadata.name = name
        pod.metadata.namespace = namespace
        post.yield(.orphan(pod))
    }

    func run() async throws {
        informer.addHandler(
            added: { [post] pod in post.yield(.updated(pod)) },
            updated: { [post] _, pod in post.yield(.updated(pod)) },
            deleted: { [post] pod in post.yield(.removed(pod)) })
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                group.addTask { [self] in
                    do { try await informer.waitForSync() } catch { return }
                    post.yield(.synced)
                }
                var statics = StaticPods()
                for await change in changes { handle(change, &statics, &group) }
                group.cancelAll()
            }
        }
    }

    private func handle(_ change: Change, _ statics: inout StaticPods, _ group: inout DiscardingTaskGroup) {
        switch change {
        case .updated(let pod) where pod.isMirror: look(atMirror: pod, isGone: false, statics, &group)
        case .removed(let pod) where pod.isMirror: look(atMirror: pod, isGone: true, statics, &group)
        case .staticPods(let pods):
            statics.wanted = Dictionary(pods.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
            let first = lacksStaticPods.exchange(false, ordering: .acquiringAndReleasing)
            follow(&statics, &group)
            if first {
                for mirror in informer.list() where mirror.isMirror { look(atMirror: mirror, isGone: false, statics, &group) }
                adoptLeftFolders()
            }
        case .ended(let pod):
            statics.running[pod.uid] = nil
            follow(&statics, &group)
            // Shown as long as something of it runs.
            if let mirror = informer.get(pod.name, namespace: pod.namespace), mirror.isMirror {
                look(atMirror: mirror, isGone: false, statics, &group)
            }
        case .updated(let pod):
            if let entry = registry.entry(uid: pod.uid) {
                entry.mailbox.post(.updated(pod))
            } else {
                start(pod, &group)
            }
        case .removed(let pod):
            registry.entry(uid: pod.uid)?.mailbox.post(.removed)
        case .orphan(let pod):
            guard registry.entry(uid: pod.uid) == nil else { return }
            logger.info("removing a pod that the API does not know", metadata: ["pod": "\(pod.key)", "uid": "\(pod.uid)"])
            start(pod, &group, isOrphan: true)
        case .synced:
            isSynced.store(true, ordering: .releasing)
            adoptLeftFolders()
        }
    }

    // MARK: Static pods

    /// Ends what is not wanted any more, and starts what is, once no other pod has the name.
    private func follow(_ statics: inout StaticPods, _ group: inout DiscardingTaskGroup) {
        guard let wanted = statics.wanted else { return }
        for uid in statics.running.keys where wanted[uid] == nil {
            registry.entry(uid: uid)?.mailbox.post(.removed)
        }
        for (uid, pod) in wanted.sorted(by: { $0.value.key < $1.value.key }) where statics.running[uid] == nil {
            guard !statics.running.values.contains(where: { $0.key == pod.key }) else { continue }
            statics.running[uid] = pod
            logger.info("static pod", metadata: ["pod": "\(pod.key)", "uid": "\(uid)"])
            start(pod, &group)
        }
    }

    /// A mirror that is gone or going is made anew; one of no static pod is removed.
    private func look(atMirror mirror: Pod, isGone: Bool, _ statics: StaticPods, _ group: inout DiscardingTaskGroup) {
        guard let wanted = statics.wanted ?? (configurationHasStaticPods ? nil : [:]) else { return }
        guard let pod = wanted.values.first(where: { $0.key == mirror.key }) else {
            let isEnding = statics.running.values.contains { $0.key == mirror.key }
            if !isGone && !isEnding { removeMirror(mirror, &group) }
            return
        }
        let isTrue = mirror.metadata.annotations[StaticPodManifest.mirrorAnnotation] == pod.uid
        if isGone || mirror.isBeingDeleted || !isTrue {
            // Without a status of its own the pod is published again, which makes the mirror.
            registry.entry(uid: pod.uid)?.mailbox.post(.updated(pod))
        }
    }

    private var configurationHasStaticPods: Bool { !services.configuration.staticPodPath.isEmpty }

    private func removeMirror(_ mirror: Pod, _ group: inout DiscardingTaskGroup) {
        group.addTask { [services, logger] in
            do {
                try await services.mirrors.remove(mirror)
            } catch {
                logger.warning("a mirror pod was not removed", metadata: ["pod": "\(mirror.key)", "error": "\(error)"])
            }
        }
    }

    private func start(_ pod: Pod, _ group: inout DiscardingTaskGroup, isOrphan: Bool = false) {
        let worker = PodWorker(pod, services: services, registry: registry)
        let failure = isOrphan ? nil : nodeObject().flatMap { PodManager.admission(pod, $0, registry) }
        registry.add(pod, worker.mailbox)
        services.volumeSources.follow(pod, worker.mailbox)
        if isOrphan { worker.mailbox.post(.removed) }
        group.addTask { [registry, informer, post, services] in
            if let first = failure, let failure = await PodManager.admission(pod, asOfNow: services, registry, otherwise: first) {
                services.events.warning(pod, nil, failure.reason, failure.message)
                worker.mailbox.post(.failed(failure))
            }
            await worker.run()
            services.volumeSources.forget(pod)
            registry.remove(pod.uid)
            if pod.isStatic {
                post.yield(.ended(pod))
                return
            }
            // An update may have come while the worker was ending.
            if !Task.isCancelled, let current = informer.get(pod.name, namespace: pod.namespace), current.uid == pod.uid {
                post.yield(.updated(current))
            }
        }
    }

    /// Pods that ran before were admitted before.
    private static func admission(_ pod: Pod, _ node: Node, _ registry: PodRegistry) -> PodFailure? {
        guard !pod.isTerminal, !pod.isBeingDeleted, pod.status.startTime == nil else { return nil }
        let others = registry.all.map(\.pod).filter { $0.uid != pod.uid && !$0.isTerminal }
        return PodAdmission(node: node).check(pod, beside: others)
    }

    /// The last word on a pod that would be refused: the scheduler may have seen a change of the node, such as a new label, that this agent has not.
    private static func admission(
        _ pod: Pod, asOfNow services: NodeServices, _ registry: PodRegistry, otherwise failure: PodFailure
    ) async -> PodFailure? {
        do {
            return admission(pod, try await services.client.get(Node.self, services.configuration.nodeName), registry)
        } catch {
            services.logger.warning("the node was not read", metadata: ["pod": "\(pod.key)", "error": "\(error)"])
            return failure
        }
    }

    /// Pods that have nothing in the runtime any more, but a folder and perhaps a cgroup, are cleaned up in the same way as those that have. A
    /// cgroup without a folder is not ours: the folder comes first and goes last.
    private func adoptLeftFolders() {
        for uid in services.volumes.podUIDs() {
            adoptOrphan(uid: uid, name: "", namespace: "")
        }
    }
}
