package import KubernetesAPI
package import Logging
import ServiceLifecycle
import Synchronization

/// The informers of one component: one for each type and selector, shared by all who ask.
///
/// Informers asked for before `run` start with it; those asked for later start at once.
package final class InformerFactory: Service {
    private struct Key: Hashable {
        var type: ObjectIdentifier
        var namespace: String?
        var labelSelector: String?
        var fieldSelector: String?
    }

    private struct Entry {
        var resource: ResourceType
        var informer: any AnyObject & Sendable
        var run: @Sendable () async throws -> Void
        var waitForSync: @Sendable () async throws -> Void
        var observeMetadata: @Sendable (@escaping @Sendable (MetadataChange) -> Void) -> Void
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var order: [Key] = []
    }

    package let client: Client
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let added: AsyncStream<@Sendable () async throws -> Void>
    private let addedContinuation: AsyncStream<@Sendable () async throws -> Void>.Continuation

    package init(client: Client, time: TimeSource = .system, logger: Logger) {
        self.client = client
        self.time = time
        self.logger = logger
        (added, addedContinuation) = AsyncStream.makeStream()
    }

    /// The shared informer of a type. `metadata.managedFields` is not kept: the server leaves it alone in updates that lack it.
    package func informer<T: KubernetesResource>(
        _ type: T.Type, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil
    ) -> Informer<T> {
        let key = Key(type: ObjectIdentifier(type), namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector)
        let (informer, run) = state.withLock { state -> (Informer<T>, (@Sendable () async throws -> Void)?) in
            if let known = state.entries[key]?.informer as? Informer<T> { return (known, nil) }
            let informer = Informer<T>(
                client: client, namespace: namespace, labelSelector: labelSelector, fieldSelector: fieldSelector,
                transform: { $0.metadata.managedFields = [] }, time: time, logger: logger)
            let run: @Sendable () async throws -> Void = { try await informer.run() }
            state.entries[key] = Entry(
                resource: T.resource, informer: informer, run: run, waitForSync: { try await informer.waitForSync() },
                observeMetadata: { handler in
                    informer.addHandler(
                        added: { handler(.changed($0.metadata)) },
                        updated: { old, new in
                            let isSame = old.metadata.uid == new.metadata.uid
                            handler(isSame ? .changed(new.metadata) : .replaced(old.metadata, by: new.metadata))
                        },
                        deleted: { handler(.deleted($0.metadata)) })
                })
            state.order.append(key)
            return (informer, run)
        }
        if let run { addedContinuation.yield(run) }
        return informer
    }

    /// A change of an object of which only the metadata is looked at.
    package enum MetadataChange: Sendable {
        case changed(ObjectMeta)
        /// The name now belongs to another object; nobody saw the end of the first.
        case replaced(ObjectMeta, by: ObjectMeta)
        case deleted(ObjectMeta)
    }

    /// Tells of all objects of a resource if somebody follows all of them already, whatever their type in Swift. The handler must not
    /// block.
    /// - Returns: false when nobody does; then the handler is never called.
    package func observeMetadata(of resource: ResourceType, _ handler: @escaping @Sendable (MetadataChange) -> Void) -> Bool {
        let observe = state.withLock { state -> (@Sendable (@escaping @Sendable (MetadataChange) -> Void) -> Void)? in
            for key in state.order where key.namespace == nil && key.labelSelector == nil && key.fieldSelector == nil {
                guard let entry = state.entries[key] else { continue }
                let own = entry.resource
                if own.group == resource.group, own.version == resource.version, own.plural == resource.plural { return entry.observeMetadata }
            }
            return nil
        }
        observe?(handler)
        return observe != nil
    }

    /// Returns once all informers asked for so far have synced.
    package func waitForSync() async throws {
        let waits = state.withLock { state in state.order.compactMap { state.entries[$0]?.waitForSync } }
        for wait in waits { try await wait() }
    }

    /// Runs all informers until the task is cancelled or the service group shuts down.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [added] in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for await run in added { group.addTask { try await run() } }
                    group.cancelAll()
                    try await group.waitForAll()
                }
            }
        } catch is CancellationError {}
    }
}
