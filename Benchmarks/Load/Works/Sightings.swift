import Synchronization

/// What the events of watches have shown so far, and how long after it was done.
final class Sightings: Sendable {
    struct State {
        /// When each of the numbered objects was made; 0 before that, and again once it was seen.
        var made: [UInt64]
        var latencies: [UInt64] = []
        var seen = 0
        var gone = 0
        var failure: LoadError?
        var isWatching = true
    }

    private let state: Mutex<State>

    /// - Parameter objects: how many are made, if they are told apart.
    init(objects: Int = 0) { state = Mutex(State(made: [UInt64](repeating: 0, count: objects))) }

    var latencies: Latencies { state.withLock { Latencies($0.latencies) } }

    func make(_ number: Int) { state.withLock { $0.made[number] = nanoseconds() } }

    /// An object is as it should be; counts the first time.
    func see(_ number: Int) {
        let now = nanoseconds()
        state.withLock { state in
            guard state.made.indices.contains(number), state.made[number] != 0 else { return }
            state.latencies.append(now - state.made[number])
            state.made[number] = 0
            state.seen += 1
        }
    }

    func count(_ events: Int) { state.withLock { $0.seen += events } }

    func time(_ latency: UInt64) { state.withLock { $0.latencies.append(latency) } }

    func lose() { state.withLock { $0.gone += 1 } }

    func end(_ error: LoadError) { state.withLock { if $0.isWatching { $0.failure = error } } }

    func stopWatching() { state.withLock { $0.isWatching = false } }

    /// What has been seen when the condition holds or the time is over.
    func wait(within patience: Duration, until condition: (State) -> Bool) async throws -> State {
        let deadline = ContinuousClock.now + patience
        while true {
            let isOver = ContinuousClock.now > deadline
            // Looked at where it is: a copy would have the next sighting copy all times.
            let last = try state.withLock { state throws(LoadError) -> State? in
                if let failure = state.failure { throw failure }
                return isOver || condition(state) ? state : nil
            }
            if let last { return last }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
