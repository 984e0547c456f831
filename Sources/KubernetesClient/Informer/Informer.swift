package import KubernetesAPI
package import Logging
import ServiceLifecycle
import Synchronization

/// A copy of a collection, kept up to date by a watch, with handlers that hear of every change.
///
/// Reading is safe from any task and never waits for the network. What is read may be a little behind the server, and the objects
/// belong to everybody: change a copy. Handlers are called one at a time, in the order of the changes, with the copy already at or
/// past the change; they must not block. A handler added late first hears of everything there is.
package final class Informer<T: KubernetesResource>: Service {
    private struct Handler: Sendable {
        var added: @Sendable (T) -> Void
        var updated: @Sendable (T, T) -> Void
        var deleted: @Sendable (T) -> Void
    }

    /// Things to tell the handlers, in order.
    private enum Delivery: Sendable {
        case notification(InformerStore<T>.Notification)
        /// Everything to one handler that came late.
        case replay(Handler, [T])
        /// All that the first list brought has been told.
        case synced
    }

    private struct State {
        var store = InformerStore<T>()
        var handlers: [Handler] = []
        var deliveries: [Delivery] = []
        /// Somebody is calling handlers now and will see what is appended to `deliveries`.
        var isDelivering = false
        var hasListed = false
        var hasSynced = false
        var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
        var cancelledWaiters: Set<Int> = []
        var nextWaiter = 0
    }

    /// The index by namespace that every informer has.
    package static var namespaceIndex: String { "namespace" }

    private let client: Client
    private let namespace: String?
    private let options: ReflectorOptions
    private let transform: (@Sendable (inout T) -> Void)?
    private let time: TimeSource
    private let logger: Logger
    private let state: Mutex<State>

    /// - Parameters:
    ///   - namespace: nil: all namespaces.
    ///   - transform: changes each object before it is kept, to drop what nobody reads.
    package init(
        client: Client, namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil,
        transform: (@Sendable (inout T) -> Void)? = nil, time: TimeSource = .system, logger: Logger
    ) {
        self.client = client
        self.namespace = namespace
        self.options = ReflectorOptions(labelSelector: labelSelector, fieldSelector: fieldSelector)
        self.transform = transform
        self.time = time
        self.logger = logger
        var initial = State()
        if T.resource.namespaced { initial.store.addIndex(Self.namespaceIndex) { [$0.metadata.namespace ?? ""] } }
        state = Mutex(initial)
    }

    /// Calls the closures for every change from now on, and `added` for what is already there.
    package func addHandler(
        added: @escaping @Sendable (T) -> Void = { _ in },
        updated: @escaping @Sendable (_ old: T, _ new: T) -> Void = { _, _ in },
        deleted: @escaping @Sendable (T) -> Void = { _ in }
    ) {
        let handler = Handler(added: added, updated: updated, deleted: deleted)
        state.withLock { state in
            if state.hasListed {
                state.deliveries.append(.replay(handler, Array(state.store.objects.values)))
            } else {
                state.handlers.append(handler)
            }
        }
        deliver()
    }

    /// Makes `list(index:key:)` work under this name. `keys` must depend on the object alone.
    package func addIndex(_ name: String, _ keys: @escaping @Sendable (T) -> [String]) {
        state.withLock { $0.store.addIndex(name, keys) }
    }

    package func get(_ name: String, namespace: String? = nil) -> T? {
        get(NamespacedName(namespace: namespace ?? "", name: name))
    }

    package func get(_ key: NamespacedName) -> T? {
        state.withLock { $0.store.objects[key] }
    }

    /// Everything, in no particular order.
    package func list() -> [T] {
        state.withLock { Array($0.store.objects.values) }
    }

    /// The objects of one namespace, in no particular order.
    package func list(namespace: String) -> [T] {
        list(index: Self.namespaceIndex, key: namespace)
    }

    package func list(index: String, key: String) -> [T] {
        state.withLock { $0.store.list(index: index, key: key) }
    }

    package var count: Int { state.withLock { $0.store.objects.count } }

    /// Whether the first list is complete and the handlers have heard of it.
    package var hasSynced: Bool { state.withLock { $0.hasSynced } }

    /// Returns once `hasSynced`. Throws `CancellationError` when the task is cancelled first.
    package func waitForSync() async throws {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let synced = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Bool? = state.withLock { state in
                    if state.hasSynced { return true }
                    if state.cancelledWaiters.remove(id) != nil { return false }
                    state.waiters[id] = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                if let waiter = state.waiters.removeValue(forKey: id) { return waiter }
                state.cancelledWaiters.insert(id)
                return nil
            }
            waiter?.resume(returning: false)
        }
        if !synced { throw CancellationError() }
    }

    /// Follows the collection until the task is cancelled or the service group shuts down.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                try await reflect(
                    T.self, client: client, namespace: namespace, options: options, time: time, logger: logger, apply: apply)
            }
        } catch is CancellationError {}
    }

    private func apply(_ change: Reflector<T>.Change) {
        let change = transformed(change)
        state.withLock { state in
            switch change {
            case .replaced(let objects):
                state.deliveries += state.store.replace(objects).map { .notification($0) }
                if !state.hasListed {
                    state.hasListed = true
                    state.deliveries.append(.synced)
                }
            case .changed(let events):
                for event in events {
                    if let notification = state.store.apply(event) { state.deliveries.append(.notification(notification)) }
                }
            }
        }
        deliver()
    }

    private func transformed(_ change: Reflector<T>.Change) -> Reflector<T>.Change {
        guard let transform else { return change }
        func applied(_ object: T) -> T {
            var object = object
            transform(&object)
            return object
        }
        switch change {
        case .replaced(let objects): return .replaced(objects.map(applied))
        case .changed(let events):
            return .changed(
                events.map {
                    switch $0 {
                    case .added(let object): .added(applied(object))
                    case .modified(let object): .modified(applied(object))
                    case .deleted(let object): .deleted(applied(object))
                    case .bookmark(let object): .bookmark(object)
                    }
                })
        }
    }

    /// Empties `deliveries`, outside the lock, unless somebody is at it already.
    private func deliver() {
        var isMine = false
        while true {
            let (batch, handlers) = state.withLock { state -> ([Delivery], [Handler]) in
                if !isMine && state.isDelivering { return ([], []) }
                let batch = state.deliveries
                state.deliveries = []
                isMine = !batch.isEmpty
                state.isDelivering = isMine
                return (batch, state.handlers)
            }
            if batch.isEmpty { return }
            var current = handlers
            for delivery in batch {
                switch delivery {
                case .notification(let notification): for handler in current { Self.tell(handler, notification) }
                case .replay(let handler, let objects):
                    for object in objects { handler.added(object) }
                    current.append(handler)
                    state.withLock { $0.handlers.append(handler) }
                case .synced:
                    let waiters = state.withLock { state in
                        state.hasSynced = true
                        defer { state.waiters = [:] }
                        return Array(state.waiters.values)
                    }
                    for waiter in waiters { waiter.resume(returning: true) }
                }
            }
        }
    }

    private static func tell(_ handler: Handler, _ notification: InformerStore<T>.Notification) {
        switch notification {
        case .added(let object): handler.added(object)
        case .updated(let old, let new): handler.updated(old, new)
        case .deleted(let object): handler.deleted(object)
        }
    }
}
