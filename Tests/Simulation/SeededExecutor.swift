import Glibc
import Synchronization
import TaskHooks

/// Runs all tasks of the process on one thread, each time one of those that could go on, chosen by a seed: the same seed, the same order.
final class SeededExecutor: Sendable {
    private struct State {
        /// Addresses of jobs.
        var ready: [UInt] = []
        /// What other threads have set free: event loops that end. It waits until nobody cares about the order.
        var late: [UInt] = []
        var random = SeededRandom(seed: 0)
        var thread: pthread_t?
    }

    static let shared = SeededExecutor()
    private let state = Mutex(State())

    /// From now on the calling thread is the only one that runs tasks, by calling `run`.
    func install() {
        state.withLock { $0.thread = pthread_self() }
        takeTaskJobs { job in
            guard let job else { return }
            SeededExecutor.shared.take(UInt(bitPattern: job))
        }
    }

    private func take(_ job: UInt) {
        state.withLock { state in
            if let thread = state.thread, pthread_equal(thread, pthread_self()) != 0 {
                state.ready.append(job)
            } else {
                state.late.append(job)
            }
        }
    }

    /// Runs tasks until `isDone`. When none can go on, `pass` lets time pass.
    ///
    /// - Returns: false when nothing will ever happen any more.
    func run(seed: UInt64, until isDone: () -> Bool, pass: () -> Bool) -> Bool {
        state.withLock { $0.random = SeededRandom(seed: seed) }
        while !isDone() {
            if let job = next() { runTaskJob(UnsafeMutableRawPointer(bitPattern: job)) } else if !pass() { return false }
        }
        return true
    }

    /// Runs what is left of the tasks of a run, whatever thread it comes from, for as long as `isOver` says no.
    func drain(until isOver: () -> Bool) {
        while !isOver() {
            let late = state.withLock { state in
                defer { state.late = [] }
                return state.late
            }
            for job in late { runTaskJob(UnsafeMutableRawPointer(bitPattern: job)) }
            if let job = next() { runTaskJob(UnsafeMutableRawPointer(bitPattern: job)) } else if late.isEmpty { usleep(200) }
        }
    }

    private func next() -> UInt? {
        state.withLock { state in
            guard !state.ready.isEmpty else { return nil }
            let index = Int(state.random.next() % UInt64(state.ready.count))
            state.ready.swapAt(index, state.ready.count - 1)
            return state.ready.removeLast()
        }
    }
}
