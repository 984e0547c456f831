import Logging
import Storage
import Synchronization
import Testing

@Suite struct CompactionServiceTests {
    @Test func keepsTheLastInterval() async throws {
        let store = MemoryStore()
        let clock = StepClock()
        let service = CompactionService(store: store, interval: .seconds(300), clock: clock, logger: Logger(label: "test"))
        let running = Task { try await service.run() }
        await clock.waitForSleeper()
        for index in 1...10 { try await store.put("k", "\(index)") }
        await clock.step()
        #expect(store.compactedRevision == 0)
        for index in 11...15 { try await store.put("k", "\(index)") }
        await clock.step()
        #expect(store.compactedRevision == 10)
        await clock.step()
        #expect(store.compactedRevision == 15)
        running.cancel()
        try await running.value
    }
}

/// A clock whose sleepers wake when told to, whatever time they asked for.
final class StepClock: Clock, Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        var sleeper: CheckedContinuation<Void, any Error>?
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var now: Instant { .now }
    var minimumResolution: Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let waiting = state.withLock { state in
                    state.sleeper = continuation
                    defer { state.waiting = nil }
                    return state.waiting
                }
                waiting?.resume()
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume(throwing: CancellationError())
        }
    }

    /// Returns when somebody sleeps.
    func waitForSleeper() async {
        await withCheckedContinuation { continuation in
            let isAsleep = state.withLock { state in
                if state.sleeper != nil { return true }
                state.waiting = continuation
                return false
            }
            if isAsleep { continuation.resume() }
        }
    }

    /// Wakes the sleeper and returns when it sleeps again.
    func step() async {
        let sleeper = state.withLock { state in
            defer { state.sleeper = nil }
            return state.sleeper
        }
        sleeper?.resume()
        await waitForSleeper()
    }
}
