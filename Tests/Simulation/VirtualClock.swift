import KubernetesClient
import Storage
import Synchronization

/// Time that passes only when nobody has anything to do; it then goes on to the next thing that somebody waits for.
final class VirtualClock: Sendable {
    private struct State {
        var uptime = Duration.zero
        var nextID = 0
        /// Earliest first; among those of one moment who came first.
        var sleepers: [(wakeAt: Duration, id: Int, continuation: CheckedContinuation<Bool, Never>)] = []
        var cancelledEarly: Set<Int> = []
    }

    private let state = Mutex(State())
    private let start: Int64
    /// Goes along.
    let storeClock: ManualStoreClock

    /// - Parameter start: seconds since 1970 at uptime zero.
    init(start: Int64) {
        self.start = start
        storeClock = ManualStoreClock(nowMilliseconds: start * 1000)
    }

    var timeSource: TimeSource {
        TimeSource(
            wallMicroseconds: { [self] in
                let (seconds, attoseconds) = uptime.components
                return (start + seconds) * 1_000_000 + attoseconds / 1_000_000_000_000
            },
            uptime: { [self] in uptime }, sleep: { [self] in try await sleep($0) })
    }

    var uptime: Duration { state.withLock { $0.uptime } }

    /// - Returns: false when nobody waits for anything.
    func pass() -> Bool {
        let woken = state.withLock { state -> (CheckedContinuation<Bool, Never>, Duration)? in
            guard !state.sleepers.isEmpty else { return nil }
            let first = state.sleepers.removeFirst()
            let passed = max(.zero, first.wakeAt - state.uptime)
            state.uptime += passed
            return (first.continuation, passed)
        }
        guard let (continuation, passed) = woken else { return false }
        storeClock.advance(by: passed)
        continuation.resume(returning: true)
        return true
    }

    private func sleep(_ duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let completed = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let outcome = state.withLock { state -> Bool? in
                    if state.cancelledEarly.remove(id) != nil { return false }
                    if duration <= .zero { return true }
                    let wakeAt = state.uptime + duration
                    var (low, high) = (0, state.sleepers.count)
                    while low < high {
                        let middle = (low + high) / 2
                        if state.sleepers[middle].wakeAt <= wakeAt { low = middle + 1 } else { high = middle }
                    }
                    state.sleepers.insert((wakeAt, id, continuation), at: low)
                    return nil
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index).continuation
            }
            continuation?.resume(returning: false)
        }
        if !completed || Task.isCancelled { throw CancellationError() }
    }
}
