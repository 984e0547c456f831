import KubernetesClient
import Synchronization

/// Where a pod's worker finds what happened. Anyone may post; only the worker takes.
final class PodMailbox: Sendable {
    private struct State {
        var inputs: [PodInput] = []
        var mustLook = false
    }

    private let state = Mutex(State())
    private let signal = Signal()

    func post(_ input: PodInput) {
        state.withLock { $0.inputs.append(input) }
        signal.set()
    }

    /// Something changed in the runtime: look at it afresh.
    func lookAtRuntime() {
        state.withLock { $0.mustLook = true }
        signal.set()
    }

    func take() -> (inputs: [PodInput], mustLook: Bool) {
        state.withLock { state in
            defer { state = State() }
            return (state.inputs, state.mustLook)
        }
    }

    /// Returns when there is something to take or the time has passed.
    func wait(atMost duration: Duration, _ time: TimeSource) async throws {
        if duration <= .zero { return }
        try await signal.wait(atMost: duration, time)
    }
}
