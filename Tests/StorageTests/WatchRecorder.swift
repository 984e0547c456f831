import Storage
import Synchronization
import Testing

/// Remembers what a watch is told, checks that it comes in order, and lets a test wait for a revision.
final class WatchRecorder: Sendable {
    private struct State {
        var events: [StoreEvent] = []
        var through: Int64
        var caughtUp: Int64?
        var ended: StoreError?
        var waiting: [(revision: Int64?, continuation: CheckedContinuation<Void, Never>)] = []
        var violations: [String] = []

        /// - Parameter revision: nil: the end of the past.
        func has(reached revision: Int64?) -> Bool {
            ended != nil || (revision.map { through >= $0 } ?? (caughtUp != nil))
        }
    }

    private let state: Mutex<State>

    init(from revision: Int64) {
        state = Mutex(State(through: revision))
    }

    var events: [StoreEvent] { state.withLock { $0.events } }
    var caughtUp: Int64? { state.withLock { $0.caughtUp } }
    var ended: StoreError? { state.withLock { $0.ended } }
    var violations: [String] { state.withLock { $0.violations } }

    func receive(_ batch: WatchBatch) {
        let reached = state.withLock { state in
            if state.ended != nil { state.violations.append("told something after the end: \(batch)") }
            switch batch {
            case .events(let events, let revision):
                var last = state.through
                for event in events {
                    if event.revision <= state.through { state.violations.append("\(event) after revision \(state.through)") }
                    if event.revision < last { state.violations.append("\(event) after \(last)") }
                    last = event.revision
                }
                if last > revision || revision < state.through { state.violations.append("through \(revision) after \(last)") }
                state.events += events
                state.through = revision
            case .caughtUp(let revision):
                if state.caughtUp != nil { state.violations.append("caught up twice") }
                state.caughtUp = revision
                state.through = max(state.through, revision)
            case .ended(let reason):
                state.ended = reason
            }
            let reached = state.waiting.filter { state.has(reached: $0.revision) }
            state.waiting = state.waiting.filter { !state.has(reached: $0.revision) }
            return reached
        }
        for waiting in reached { waiting.continuation.resume() }
    }

    /// Returns when the watch has been told everything up to `revision`, or has ended.
    func wait(for revision: Int64?) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.has(reached: revision) { return true }
                state.waiting.append((revision, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    /// Returns when the watch has caught up, or has ended.
    func waitUntilCaughtUp() async { await wait(for: nil) }

    /// Everything that was told up to `revision`, as text.
    func summaries(through revision: Int64) async -> [String] {
        await wait(for: revision)
        return events.map(summary)
    }
}

extension Store {
    func record(_ range: KeyRange = .all, from revision: Int64) throws -> (recorder: WatchRecorder, handle: any WatchHandle) {
        let recorder = WatchRecorder(from: revision)
        let handle = try watch(range, from: revision) { recorder.receive($0) }
        return (recorder, handle)
    }
}
