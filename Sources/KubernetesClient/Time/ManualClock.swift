import Synchronization

/// A clock that moves only when told to, for tests and simulations.
package final class ManualClock: Sendable {
    private struct Sleeper {
        var id: Int
        var wakeAt: Duration
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var uptime: Duration = .zero
        var sleepers: [Sleeper] = []
        var nextID = 0
        var cancelledEarly: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())
    private let startMicroseconds: Int64

    /// - Parameter startMicroseconds: the wall time at uptime zero, in microseconds since 1970.
    package init(startMicroseconds: Int64 = 1_750_000_000_000_000) {
        self.startMicroseconds = startMicroseconds
    }

    package var timeSource: TimeSource {
        TimeSource(
            wallMicroseconds: { [self] in
                let components = state.withLock { $0.uptime }.components
                return startMicroseconds + components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
            },
            uptime: { [self] in state.withLock { $0.uptime } },
            sleep: { [self] in try await sleep($0) })
    }

    /// Moves the hands and wakes everyone whose time has come, earliest first.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.uptime += duration
            let now = state.uptime
            let due = state.sleepers.filter { $0.wakeAt <= now }.sorted { $0.wakeAt < $1.wakeAt }
            state.sleepers.removeAll { $0.wakeAt <= now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume(returning: true) }
    }

    /// Returns once at least `count` tasks sleep on this clock.
    package func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if reached { continuation.resume() }
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let completed = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enum Outcome { case now(Bool), waiting([CheckedContinuation<Void, Never>]) }
                let outcome: Outcome = state.withLock { state in
                    if state.cancelledEarly.remove(id) != nil { return .now(false) }
                    if duration <= .zero { return .now(true) }
                    state.sleepers.append(Sleeper(id: id, wakeAt: state.uptime + duration, continuation: continuation))
                    let count = state.sleepers.count
                    let woken = state.watchers.filter { $0.count <= count }.map(\.continuation)
                    state.watchers.removeAll { $0.count <= count }
                    return .waiting(woken)
                }
                switch outcome {
                case .now(let completed): continuation.resume(returning: completed)
                case .waiting(let watchers): for watcher in watchers { watcher.resume() }
                }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(returning: false)
        }
        if !completed || Task.isCancelled { throw CancellationError() }
    }
}
