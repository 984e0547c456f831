import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The time by which keys expire. It outlives the process, hence the time of day and not time since start.
package protocol StoreClock: Sendable {
    /// Milliseconds since 1970.
    var nowMilliseconds: Int64 { get }

    /// Calls `body` once, on any thread, at the latest soon after `nowMilliseconds` has reached `time`; early calls do no harm.
    func call(at time: Int64, _ body: @escaping @Sendable () -> Void)
}

/// The machine's time of day.
package struct SystemStoreClock: StoreClock {
    package init() {}

    package var nowMilliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    package func call(at time: Int64, _ body: @escaping @Sendable () -> Void) {
        // At least once in a while: the time of day may be set, and a timer of this kind does not notice.
        let wait = min(max(time - nowMilliseconds, 0), 60_000)
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(Int(wait)), execute: body)
    }
}

/// A clock that goes when told to, for tests and simulation.
package final class ManualStoreClock: StoreClock {
    private struct State {
        var now: Int64
        var waiting: [(time: Int64, body: @Sendable () -> Void)] = []
    }

    private let state: Mutex<State>

    package init(nowMilliseconds: Int64 = 0) {
        state = Mutex(State(now: nowMilliseconds))
    }

    package var nowMilliseconds: Int64 {
        state.withLock { $0.now }
    }

    package func call(at time: Int64, _ body: @escaping @Sendable () -> Void) {
        let due = state.withLock { state in
            if time <= state.now { return true }
            state.waiting.append((time, body))
            return false
        }
        if due { body() }
    }

    /// Moves the time on and makes the calls that have become due, in the order of their times, before returning.
    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration.milliseconds
            let now = state.now
            let due = state.waiting.filter { $0.time <= now }.sorted { $0.time < $1.time }
            state.waiting.removeAll { $0.time <= now }
            return due
        }
        for call in due { call.body() }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that nothing ends early; the greatest number when it does not fit.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (sum, overflowSum) = product.addingReportingOverflow(rest)
        return overflow || overflowSum ? .max : sum
    }
}
