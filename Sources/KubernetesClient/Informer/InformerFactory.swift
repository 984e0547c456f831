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
        var informer: any AnyObject & Sendable
        var run: @Sendable () async throws -> Void
        var waitForSync: @Sendable () async throws -> Void
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
            state.entries[key] = Entry(informer: informer, run: run, waitForSync: { try await informer.waitForSync() })
            state.order.append(key)
            return (informer, run)
        }
        if let run { addedContinuation.yield(run) }
        return informer
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
