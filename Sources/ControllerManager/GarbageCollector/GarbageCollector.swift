import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Deletes what its owners have left behind, and carries out foreground deletion and orphaning.
///
/// It follows the metadata of every resource that can be listed, watched and deleted, custom ones included.
struct GarbageCollector: Controller {
    static let name = "garbage-collector-controller"
    /// How often the server is asked for new resources.
    static let discoveryPeriod = Duration.seconds(30)
    /// Resources that own nothing, are owned by nothing and change much.
    static let ignored: Set<String> = ["events", "events.events.k8s.io"]

    let context: ControllerContext
    let graph = OwnershipGraph()
    let queue: WorkQueue<String>
    let resources = ResourceMap()
    private let discovery: ResourceDiscovery

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        queue = WorkQueue(time: context.time)
        discovery = ResourceDiscovery(client: context.client)
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [self] in
                await runWorkers(queue: queue, count: 10, logger: context.logger) { uid in try await sync(uid) }
            }
            group.addTask { [self] in try await followResources() }
            try await group.next()
            group.cancelAll()
        }
    }

    /// Starts a watch for each resource as it appears, and ends those of resources that are gone.
    private func followResources() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var known: Set<ResourceType> = []
            while !Task.isCancelled {
                do {
                    let found = try await discovery.resources().filter { resource in
                        resource.verbs.isSuperset(of: ["list", "watch", "delete"]) && !Self.ignored.contains(resource.type.groupResource)
                    }.map(\.type)
                    resources.replace(found)
                    for resource in found where known.insert(resource).inserted {
                        group.addTask { [self] in try? await follow(resource) }
                    }
                } catch {
                    context.logger.warning("cannot discover resources; trying again", metadata: ["error": "\(error)"])
                }
                try await context.time.sleep(Self.discoveryPeriod)
            }
            group.cancelAll()
        }
    }

    private func follow(_ resource: ResourceType) async throws {
        // What another controller follows anyway is not asked for a second time.
        let isFollowed = context.informers.observeMetadata(of: resource) { [self] change in
            switch change {
            case .changed(let metadata): enqueue(graph.update(metadata, resource))
            case .replaced(let old, let new): enqueue(graph.remove(old.uid ?? "").union(graph.update(new, resource)))
            case .deleted(let metadata): enqueue(graph.remove(metadata.uid ?? ""))
            }
        }
        if isFollowed { return resources.markSynced(resource) }
        let transport = MetadataTransport(base: context.client.transport, resource: resource)
        let client = Client(transport: transport, userAgent: context.client.userAgent, time: context.time)
        try await reflect(
            PartialObject.self, client: client, namespace: nil, options: ReflectorOptions(), time: context.time, logger: context.logger
        ) { change in
            switch change {
            case .replaced(let objects):
                for object in objects { enqueue(graph.update(object.metadata, resource)) }
                for uid in graph.missing(from: Set(objects.compactMap(\.metadata.uid)), resource) { enqueue(graph.remove(uid)) }
                resources.markSynced(resource)
            case .changed(let events):
                for event in events {
                    switch event {
                    case .added(let object), .modified(let object): enqueue(graph.update(object.metadata, resource))
                    case .deleted(let object): enqueue(graph.remove(object.metadata.uid ?? ""))
                    case .bookmark: break
                    }
                }
            }
        }
    }

    private func enqueue(_ uids: Set<String>) {
        for uid in uids { queue.add(uid) }
    }
}

/// The resources that are followed, found by the names that owner references use.
final class ResourceMap: Sendable {
    private struct State {
        var byKind: [GroupVersionKind: ResourceType] = [:]
        var byGroupKind: [String: ResourceType] = [:]
        var synced: Set<ResourceType> = []
    }

    private let state = Mutex(State())

    func replace(_ resources: [ResourceType]) {
        state.withLock { state in
            state.byKind = [:]
            state.byGroupKind = [:]
            for resource in resources {
                state.byKind[GroupVersionKind(group: resource.group, version: resource.version, kind: resource.kind)] = resource
                state.byGroupKind["\(resource.kind).\(resource.group)"] = resource
            }
        }
    }

    func markSynced(_ resource: ResourceType) {
        state.withLock { _ = $0.synced.insert(resource) }
    }

    /// The resource that a reference names, in whichever version it is followed.
    func resource(_ reference: OwnerReference) -> ResourceType? {
        let kind = GroupVersionKind(apiVersion: reference.apiVersion, kind: reference.kind)
        return state.withLock { $0.byKind[kind] ?? $0.byGroupKind["\(kind.kind).\(kind.group)"] }
    }
}
