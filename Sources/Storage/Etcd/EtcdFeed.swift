import Dispatch
import Synchronization

/// Passes on what the watch of etcd tells: to the watches of the store, and then to those who wait for a revision, be it for their commit's answer.
///
/// Everything is told on one queue, in order.
final class EtcdFeed: Sendable {
    fileprivate struct State {
        /// Every change up to here has been told; 0 when it has not begun.
        var position: Int64 = 0
        /// Whether the watch of etcd is under way.
        var isLive = false
        var isClosed = false
        /// Who has been told everything up to `position`, or up to a revision past it.
        var followers: [(watcher: Watcher, after: Int64)] = []
        /// Who has to be told of the past first.
        var newcomers: [Watcher] = []
        var waiting: [Waiting] = []
    }

    fileprivate struct Waiting {
        var revision: Int64
        /// Whether it goes on when the watch of etcd breaks, or waits for the next one.
        var minds: Bool
        var call: @Sendable () -> Void
    }

    private let queue = DispatchQueue(label: "etcd-feed")
    private let state = Mutex(State())
    private let reached = Atomic<Int64>(0)
    /// Rung when there are newcomers.
    let arrivals: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation

    init() {
        (arrivals, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Every change up to here has been told.
    var position: Int64 { reached.load(ordering: .acquiring) }

    // MARK: What the watch of etcd brings

    /// The watch of etcd is under way from `revision` on. If that is not where the last one broke off, all watches are over.
    func begin(at revision: Int64) {
        queue.async { [self] in
            let (lost, calls) = state.withLock { state -> ([Watcher], [Waiting]) in
                guard !state.isClosed else { return ([], []) }
                state.isLive = true
                guard revision > state.position else { return ([], []) }
                let lost = state.position > 0 ? state.followers.map(\.watcher) : []
                if state.position > 0 { state.followers = [] }
                state.position = revision
                return (lost, state.takeReached())
            }
            for watcher in lost { watcher.end(.compacted(requested: position, compacted: revision)) }
            publish(revision)
            for call in calls { call.call() }
            bell.yield()
        }
    }

    /// The watch of etcd tells of everything up to `revision`.
    func receive(_ events: [StoreEvent], through revision: Int64) {
        queue.async { [self] in
            // A watch that took another's place may have begun before all of the other's had been told.
            guard revision > position else { return }
            let events = (events.first?.revision ?? 0) > position ? events : events.filter { $0.revision > position }
            let followers = state.withLock { $0.isClosed ? [] : $0.followers }
            var isAnyOver = false
            for (watcher, after) in followers where revision > after {
                watcher.tell(after > position ? events.filter { $0.revision > after } : events, through: revision)
                if watcher.isOver { isAnyOver = true }
            }
            publish(revision)
            let calls = state.withLock { state in
                state.position = max(state.position, revision)
                if isAnyOver { state.followers.removeAll(where: \.watcher.isOver) }
                return state.takeReached()
            }
            for call in calls { call.call() }
        }
    }

    /// The watch of etcd has broken. Commits are answered without it meanwhile: the watches know that they are behind.
    func lost() {
        queue.async { [self] in
            let calls = state.withLock { state in
                state.isLive = false
                let calls = state.waiting.filter { !$0.minds }
                state.waiting.removeAll { !$0.minds }
                return calls
            }
            for call in calls { call.call() }
        }
    }

    private func publish(_ revision: Int64) {
        if revision > position { reached.store(revision, ordering: .releasing) }
    }

    // MARK: Those who wait

    /// Whether somebody waits for the watch of etcd to get somewhere.
    var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

    /// Calls when everything up to `revision` has been told, or at once while nothing is told at all.
    func answer(at revision: Int64, _ call: @escaping @Sendable () -> Void) {
        wait(Waiting(revision: revision, minds: false, call: call))
    }

    /// Calls when everything up to `revision` has been told, or the feed is closed.
    func whenTold(_ revision: Int64, _ call: @escaping @Sendable () -> Void) {
        wait(Waiting(revision: revision, minds: true, call: call))
    }

    private func wait(_ waiting: Waiting) {
        queue.async { [self] in
            let isDue = state.withLock { state in
                if state.isClosed || state.position >= waiting.revision || !(state.isLive || waiting.minds) { return true }
                state.waiting.append(waiting)
                return false
            }
            if isDue { waiting.call() }
        }
    }

    // MARK: Watches

    /// Takes a watch on: at once if it lacks nothing of the past.
    func add(_ watcher: Watcher) {
        queue.async { [self] in
            let (isClosed, at) = state.withLock { state -> (Bool, Int64?) in
                if state.isClosed { return (true, nil) }
                // Nothing was ever written at revision 1.
                if state.position > 0, max(watcher.start, 1) >= state.position {
                    state.followers.append((watcher, after: state.position))
                    return (false, state.position)
                }
                state.newcomers.append(watcher)
                return (false, nil)
            }
            if isClosed { return watcher.end(.closed) }
            if let at { watcher.tellCaughtUp(at: max(at, watcher.start)) } else { bell.yield() }
        }
    }

    /// Those who have to be told of the past; they are the caller's from now on. Nil when there are none, or the feed has not begun.
    func takeNewcomers() -> EtcdNewcomers? {
        let (late, others) = state.withLock { state -> ([Watcher], [Watcher]) in
            guard state.position > 0 else { return ([], []) }
            let found = state.newcomers.filter { !$0.isOver }
            state.newcomers = []
            let position = state.position
            return (found.filter { max($0.start, 1) < position }, found.filter { max($0.start, 1) >= position })
        }
        for watcher in others { add(watcher) }
        return late.isEmpty ? nil : EtcdNewcomers(late)
    }

    /// Tells newcomers of the past up to `revision`, and when that is the present makes them followers.
    func tellPast(_ events: [StoreEvent], through revision: Int64, to newcomers: EtcdNewcomers) {
        queue.async { [self] in
            // What is still on its way when they have become followers comes by the other way too.
            guard !newcomers.isDone else { return }
            for watcher in newcomers.watchers { watcher.tell(events, through: revision) }
            let isPresent = state.withLock { state in
                guard !state.isClosed, revision >= state.position else { return false }
                state.followers += newcomers.watchers.map { ($0, after: revision) }
                return true
            }
            newcomers.advance(to: revision, isDone: isPresent)
            guard isPresent else { return }
            for watcher in newcomers.watchers { watcher.tellCaughtUp(at: max(revision, watcher.start)) }
        }
    }

    func end(_ watchers: [Watcher], _ reason: StoreError) {
        queue.async {
            for watcher in watchers { watcher.end(reason) }
        }
    }

    /// Ends all watches, lets go of everybody who waits, and returns when that is done.
    func close() {
        queue.sync {
            let (watchers, calls) = state.withLock { state in
                state.isClosed = true
                defer {
                    state.followers = []
                    state.newcomers = []
                    state.waiting = []
                }
                return (state.followers.map(\.watcher) + state.newcomers, state.waiting)
            }
            for watcher in watchers { watcher.end(.closed) }
            for call in calls { call.call() }
        }
        bell.finish()
    }
}

/// Watches that are told of the past together.
final class EtcdNewcomers: Sendable {
    fileprivate struct State {
        var told: Int64
        var isDone = false
    }

    let watchers: [Watcher]
    private let state: Mutex<State>
    /// Ends when all of the past has been told.
    let done: AsyncStream<Never>
    private let finish: AsyncStream<Never>.Continuation

    init(_ watchers: [Watcher]) {
        self.watchers = watchers
        state = Mutex(State(told: max(watchers.map(\.start).min() ?? 1, 1)))
        (done, finish) = AsyncStream.makeStream(of: Never.self)
    }

    /// Everything up to here has been told them.
    var told: Int64 { state.withLock { $0.told } }
    var isDone: Bool { state.withLock { $0.isDone } }

    func advance(to revision: Int64, isDone: Bool) {
        state.withLock { state in
            state.told = revision
            state.isDone = isDone
        }
        if isDone { finish.finish() }
    }
}

extension EtcdFeed.State {
    fileprivate mutating func takeReached() -> [EtcdFeed.Waiting] {
        guard !waiting.isEmpty else { return [] }
        let position = position
        let reached = waiting.filter { $0.revision <= position }
        if !reached.isEmpty { waiting.removeAll { $0.revision <= position } }
        return reached
    }
}
