import CoreV1
import KubernetesAPI
import KubernetesClient
import Synchronization

/// What a pod that found no node is told.
struct Report: Sendable {
    var pod: Pod
    var message: String
}

/// Reports that are to be written, the newest of each pod.
///
/// Telling thousands of pods why they wait is as much work as placing them. It is done by a few at a time, so that it does not hold up
/// bindings, and a report that has become untrue before its turn is never written.
final class ReportDesk: Sendable {
    /// How many write at once.
    static let reportersMax = 2

    private struct State {
        var reports: [String: Report] = [:]
        /// Uids in the order of their reports; those that were withdrawn are passed over.
        var order: [String] = []
        var head = 0
        var reporters = 0
    }

    private let state = Mutex(State())

    func submit(_ report: Report) {
        let uid = report.pod.metadata.uid ?? NamespacedName(report.pod.metadata).description
        state.withLock { state in
            if state.reports.updateValue(report, forKey: uid) == nil { state.order.append(uid) }
        }
    }

    func withdraw(uid: String?) {
        guard let uid else { return }
        state.withLock { _ = $0.reports.removeValue(forKey: uid) }
    }

    /// True when one more is needed; who asks has to call `next` until it is nil.
    func takesReporter() -> Bool {
        state.withLock { state in
            guard state.reporters < Self.reportersMax, state.reports.count > state.reporters else { return false }
            state.reporters += 1
            return true
        }
    }

    /// The oldest report; nil ends the reporter's work.
    func next() -> Report? {
        state.withLock { state in
            while state.head < state.order.count {
                let uid = state.order[state.head]
                state.head += 1
                if state.head > 64 && state.head * 2 > state.order.count {
                    state.order.removeFirst(state.head)
                    state.head = 0
                }
                if let report = state.reports.removeValue(forKey: uid) { return report }
            }
            state.reporters -= 1
            return nil
        }
    }
}
