import KubernetesClient
import Synchronization

/// Where a pod's worker finds what happened. Anyone may post; only the worker takes.
final class PodMailbox: Sendable {
    private struct State {
        var inputs: [PodInput] = []
        var mustLook = false
        var ended: Set<String> = []
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

    /// The runtime says that a container or sandbox has ended. It says so a moment before its own answers show it.
    func hasEnded(_ id: String) {
        state.withLock { state in
            state.mustLook = true
            state.ended.insert(id)
        }
        signal.set()
    }

    func take() -> (inputs: [PodInput], mustLook: Bool, ended: Set<String>) {
        state.withLock { state in
            defer { state = State() }
            return (state.inputs, state.mustLook, state.ended)
        }
    }

    /// Returns when there is something to take or the time has passed.
    func wait(atMost duration: Duration, _ time: TimeSource) async throws {
        if duration <= .zero { return }
        try await signal.wait(atMost: duration, time)
    }
}
