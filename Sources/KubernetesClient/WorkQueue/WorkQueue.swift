import Synchronization

/// How often a key that keeps failing is tried again.
package struct RequeueLimits: Sendable {
    /// The pause after the first failure; each further one doubles it.
    package var base: Duration
    package var limit: Duration

    /// The values of upstream's controllers: 5 ms to 1,000 s.
    package init(base: Duration = .milliseconds(5), limit: Duration = .seconds(1000)) {
        self.base = base
        self.limit = limit
    }
}

/// Keys waiting to be worked on.
///
/// A key is in the queue once however often it was added, and is never handed to two workers: added while it is being worked on, it
/// comes again after `done`. So a worker always sees a state at least as new as the last `add`.
package final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct Delayed {
        var key: Key
        var readyAt: Duration
    }

    private struct State {
        /// Keys in the order they are handed out; those before `head` have been.
        var ready: [Key] = []
        var head = 0
        /// Keys that need work: those in `ready`, and those added while they are processed.
        var dirty: Set<Key> = []
        var processing: Set<Key> = []
        var failures: [Key: Int] = [:]
        var delayed = Heap<Delayed> { $0.readyAt < $1.readyAt }
        /// When a delayed key is due; of several times the earliest counts.
        var dueTimes: [Key: Duration] = [:]
        var timer: (dueAt: Duration, task: Task<Void, Never>)?
        var waiters: [(id: Int, continuation: CheckedContinuation<Key?, Never>)] = []
        var cancelledWaiters: Set<Int> = []
        var nextWaiter = 0
        var isShutDown = false
    }

    private let limits: RequeueLimits
    private let time: TimeSource
    private let state = Mutex(State())

    package init(limits: RequeueLimits = .init(), time: TimeSource = .system) {
        self.limits = limits
        self.time = time
    }

    deinit {
        state.withLock { $0.timer?.task.cancel() }
    }

    /// Keys that wait to be handed out; delayed ones do not count.
    package var count: Int { state.withLock { $0.ready.count - $0.head } }

    package func add(_ key: Key) {
        let handover = state.withLock { Self.enqueue(key, &$0) }
        handover?.resume(returning: key)
    }

    /// Adds the key when the time has passed; of several delays of one key the one that ends first counts.
    package func add(_ key: Key, after delay: Duration) {
        if delay <= .zero { return add(key) }
        let readyAt = time.uptime() + delay
        state.withLock { state in
            guard !state.isShutDown else { return }
            if let known = state.dueTimes[key], known <= readyAt { return }
            state.dueTimes[key] = readyAt
            state.delayed.insert(Delayed(key: key, readyAt: readyAt))
            arm(&state)
        }
    }

    /// Adds the key after a pause that doubles with each call until `forget`.
    package func addRateLimited(_ key: Key) {
        let failures = state.withLock { state in
            defer { state.failures[key, default: 0] += 1 }
            return state.failures[key] ?? 0
        }
        // 2^60 of the smallest base is past any limit.
        let pause = limits.base.secondsValue * Double(UInt64(1) << UInt64(min(failures, 60)))
        add(key, after: .seconds(min(pause, limits.limit.secondsValue)))
    }

    /// How often `addRateLimited` was called for the key since `forget`.
    package func requeueCount(_ key: Key) -> Int { state.withLock { $0.failures[key] ?? 0 } }

    /// The key is well: its next failure starts with the shortest pause.
    package func forget(_ key: Key) {
        state.withLock { $0.failures[key] = nil }
    }

    /// The next key to work on; waits for one. Nil once the queue is shut down and empty, or the task is cancelled. Every key handed out
    /// must be given back with `done`.
    package func next() async -> Key? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Key?? = state.withLock { state in
                    if state.cancelledWaiters.remove(id) != nil { return .some(nil) }
                    if let key = Self.dequeue(&state) { return key }
                    if state.isShutDown { return .some(nil) }
                    state.waiters.append((id, continuation))
                    return .none
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Key?, Never>? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else {
                    state.cancelledWaiters.insert(id)
                    return nil
                }
                return state.waiters.remove(at: index).continuation
            }
            waiter?.resume(returning: nil)
        }
    }

    /// The worker is through with the key; if it was added meanwhile it is queued again.
    package func done(_ key: Key) {
        let handover = state.withLock { state -> CheckedContinuation<Key?, Never>? in
            state.processing.remove(key)
            guard state.dirty.contains(key) else { return nil }
            return Self.handOver(key, &state)
        }
        handover?.resume(returning: key)
    }

    /// Takes no more keys; what is queued is still handed out, what is delayed is dropped.
    package func shutDown() {
        let waiters = state.withLock { state in
            state.isShutDown = true
            state.timer?.task.cancel()
            state.timer = nil
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    private static func enqueue(_ key: Key, _ state: inout State) -> CheckedContinuation<Key?, Never>? {
        guard !state.isShutDown, state.dirty.insert(key).inserted, !state.processing.contains(key) else { return nil }
        return handOver(key, &state)
    }

    /// Gives a dirty key to a waiting worker, or else to the line.
    private static func handOver(_ key: Key, _ state: inout State) -> CheckedContinuation<Key?, Never>? {
        guard !state.waiters.isEmpty else {
            state.ready.append(key)
            return nil
        }
        state.dirty.remove(key)
        state.processing.insert(key)
        return state.waiters.removeFirst().continuation
    }

    private static func dequeue(_ state: inout State) -> Key? {
        guard state.head < state.ready.count else { return nil }
        let key = state.ready[state.head]
        state.head += 1
        // The used front is cut off when it is half of the array, which costs nothing on average.
        if state.head > 64 && state.head * 2 > state.ready.count {
            state.ready.removeFirst(state.head)
            state.head = 0
        }
        state.dirty.remove(key)
        state.processing.insert(key)
        return key
    }

    // MARK: Delayed keys

    /// Sees to it that the one timer of the queue wakes for the earliest delayed key.
    private func arm(_ state: inout State) {
        guard let dueAt = state.delayed.first?.readyAt else { return }
        if let timer = state.timer, timer.dueAt <= dueAt { return }
        state.timer?.task.cancel()
        let wait = dueAt - time.uptime()
        // The queue owns this task: it ends with the queue or by `shutDown`.
        let task = Task { [weak self, time] in
            do { try await time.sleep(wait) } catch { return }
            self?.fire()
        }
        state.timer = (dueAt, task)
    }

    private func fire() {
        let handovers = state.withLock { state -> [(Key, CheckedContinuation<Key?, Never>)] in
            guard !state.isShutDown else { return [] }
            state.timer = nil
            let now = time.uptime()
            var handovers: [(Key, CheckedContinuation<Key?, Never>)] = []
            while let next = state.delayed.first, next.readyAt <= now {
                _ = state.delayed.popFirst()
                // Put off to an earlier time meanwhile: that entry has been or will be the one that counts.
                guard state.dueTimes[next.key] == next.readyAt else { continue }
                state.dueTimes[next.key] = nil
                if let handover = Self.enqueue(next.key, &state) { handovers.append((next.key, handover)) }
            }
            arm(&state)
            return handovers
        }
        for (key, continuation) in handovers { continuation.resume(returning: key) }
    }
}
