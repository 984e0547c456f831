import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging
import ServiceLifecycle
import Synchronization

/// Watches the ConfigMaps and Secrets that pods' volumes are made of and tells the pods' workers when one changes, so that a volume follows at
/// once and not only with the next regular look. Each object is watched by itself and once for all pods that use it; what it holds is not kept.
final class VolumeSourceWatcher: ServiceLifecycle.Service {
    enum Source: Hashable, Sendable {
        case configMap(NamespacedName)
        case secret(NamespacedName)
    }

    private struct State {
        /// Workers by pod uid.
        var followers: [Source: [String: PodMailbox]] = [:]
        var scopes: [Source: CancelScope] = [:]
    }

    private let client: Client
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let begun: AsyncStream<(Source, CancelScope)>
    private let begin: AsyncStream<(Source, CancelScope)>.Continuation

    init(client: Client, time: TimeSource, logger: Logger) {
        self.client = client
        self.time = time
        self.logger = logger
        (begun, begin) = AsyncStream.makeStream()
    }

    /// The worker hears of every change of what the pod's volumes are made of until `forget`.
    func follow(_ pod: Pod, _ mailbox: PodMailbox) {
        state.withLock { state in
            for source in VolumeSourceWatcher.sources(pod) {
                state.followers[source, default: [:]][pod.uid] = mailbox
                guard state.scopes[source] == nil else { continue }
                let scope = CancelScope()
                state.scopes[source] = scope
                begin.yield((source, scope))
            }
        }
    }

    func forget(_ pod: Pod) {
        state.withLock { state in
            for source in VolumeSourceWatcher.sources(pod) {
                state.followers[source]?[pod.uid] = nil
                guard state.followers[source]?.isEmpty == true else { continue }
                state.followers[source] = nil
                state.scopes.removeValue(forKey: source)?.cancel()
            }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            await withDiscardingTaskGroup { group in
                for await (source, scope) in begun {
                    group.addTask { [self] in await scope.run { await self.watch(source) } }
                }
                group.cancelAll()
            }
        }
    }

    /// What the pod's volumes are made of, apart from what the node itself knows.
    static func sources(_ pod: Pod) -> Set<Source> {
        var found: Set<Source> = []
        func add(_ make: (NamespacedName) -> Source, _ name: String?) {
            if let name, !name.isEmpty { found.insert(make(NamespacedName(namespace: pod.namespace, name: name))) }
        }
        for volume in pod.spec.volumes {
            add(Source.configMap, volume.configMap?.name)
            add(Source.secret, volume.secret?.secretName)
            for part in volume.projected?.sources ?? [] {
                add(Source.configMap, part.configMap?.name)
                add(Source.secret, part.secret?.name)
            }
        }
        return found
    }

    private func watch(_ source: Source) async {
        switch source {
        case .configMap(let name):
            await watch(source, name) { (object: inout ConfigMap) in
                object.data = [:]
                object.binaryData = [:]
            }
        case .secret(let name):
            await watch(source, name) { (object: inout Secret) in object.data = [:] }
        }
    }

    private func watch<T: KubernetesResource>(_ source: Source, _ name: NamespacedName, _ strip: @escaping @Sendable (inout T) -> Void) async {
        let informer = Informer<T>(
            client: client, namespace: name.namespace, fieldSelector: "metadata.name=\(name.name)", transform: strip, time: time, logger: logger)
        // The first list is told too: the object may have changed between a volume's making and it.
        informer.addHandler(added: { [self] _ in tell(source) }, updated: { [self] _, _ in tell(source) }, deleted: { [self] _ in tell(source) })
        do {
            try await informer.run()
        } catch {
            logger.warning("a volume's source cannot be watched", metadata: ["source": "\(source)", "error": "\(error)"])
        }
    }

    private func tell(_ source: Source) {
        for mailbox in state.withLock({ Array(($0.followers[source] ?? [:]).values) }) { mailbox.post(.volumeSourcesChanged) }
    }
}
