import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// How many objects of a resource each namespace has, for the resources that somebody asks for: any kind, custom ones included.
final class ObjectCounts: Sendable {
    /// How often the server is asked again for resources that it did not have.
    static let discoveryPeriod = Duration.seconds(30)

    /// `plural` or `plural.group`.
    typealias Name = String

    private struct State {
        /// Namespace by uid, and the counts that follow.
        var namespaces: [Name: [String: String]] = [:]
        var counts: [Name: [String: Int]] = [:]
        var synced: Set<Name> = []
        var wanted: Set<Name> = []
    }

    private let context: ControllerContext
    private let discovery: ResourceDiscovery
    private let state = Mutex(State())
    private let requests: AsyncStream<Name>
    private let requestsContinuation: AsyncStream<Name>.Continuation
    /// Called with a namespace whose count has changed; nil for all.
    private let changed: @Sendable (_ namespace: String?) -> Void

    init(_ context: ControllerContext, changed: @escaping @Sendable (_ namespace: String?) -> Void) {
        self.context = context
        self.changed = changed
        discovery = ResourceDiscovery(client: context.client)
        (requests, requestsContinuation) = AsyncStream.makeStream()
    }

    /// The number of objects; nil until they are counted, which asking sets going.
    func count(_ name: Name, in namespace: String) -> Int? {
        let (count, isNew) = state.withLock { state -> (Int?, Bool) in
            let isNew = state.wanted.insert(name).inserted
            guard state.synced.contains(name) else { return (nil, isNew) }
            return (state.counts[name]?[namespace] ?? 0, isNew)
        }
        if isNew { requestsContinuation.yield(name) }
        return count
    }

    /// Follows the resources that are asked for until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for await name in requests { group.addTask { [self] in await follow(name) } }
            group.cancelAll()
        }
    }

    private func follow(_ name: Name) async {
        while !Task.isCancelled {
            do {
                if let resource = try await discovery.resources().first(where: { $0.type.groupResource == name && $0.verbs.contains("watch") }) {
                    return try await follow(name, resource.type)
                }
            } catch {
                context.logger.warning("cannot count objects; trying again", metadata: ["resource": "\(name)", "error": "\(error)"])
            }
            do { try await context.time.sleep(Self.discoveryPeriod) } catch { return }
        }
    }

    private func follow(_ name: Name, _ resource: ResourceType) async throws {
        let transport = MetadataTransport(base: context.client.transport, resource: resource)
        let client = Client(transport: transport, userAgent: context.client.userAgent, time: context.time)
        try await reflect(
            PartialObject.self, client: client, namespace: nil, options: ReflectorOptions(), time: context.time, logger: context.logger
        ) { change in
            switch change {
            case .replaced(let objects):
                state.withLock { state in
                    state.namespaces[name] = [:]
                    state.counts[name] = [:]
                    for object in objects { Self.add(object, name, &state) }
                    state.synced.insert(name)
                }
                changed(nil)
            case .changed(let events):
                for event in events {
                    let isCounted = state.withLock { state in
                        switch event {
                        case .added(let object), .modified(let object): Self.add(object, name, &state)
                        case .deleted(let object): Self.remove(object, name, &state)
                        case .bookmark: false
                        }
                    }
                    if isCounted { changed(event.object.metadata.namespace ?? "") }
                }
            }
        }
    }

    @discardableResult
    private static func add(_ object: PartialObject, _ name: Name, _ state: inout State) -> Bool {
        let namespace = object.metadata.namespace ?? ""
        guard state.namespaces[name, default: [:]].updateValue(namespace, forKey: object.metadata.uid ?? "") == nil else { return false }
        state.counts[name, default: [:]][namespace, default: 0] += 1
        return true
    }

    private static func remove(_ object: PartialObject, _ name: Name, _ state: inout State) -> Bool {
        guard let namespace = state.namespaces[name]?.removeValue(forKey: object.metadata.uid ?? "") else { return false }
        state.counts[name]?[namespace, default: 1] -= 1
        return true
    }
}
