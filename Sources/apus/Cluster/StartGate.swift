import ServiceLifecycle
import Synchronization

/// Holds services back until what they need is there.
struct StartGate: Sendable {
    let api = Gate()
    let runtime = Gate()
    let node = Gate()
}

/// Opens once.
final class Gate: Sendable {
    private let state = Mutex((isOpen: false, waiters: [Int: CheckedContinuation<Void, Never>](), next: 0))

    var isOpen: Bool { state.withLock { $0.isOpen } }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns when the gate is open or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}

/// A service that begins when its gate opens.
struct Gated: ServiceLifecycle.Service {
    private let gate: Gate
    private let service: any ServiceLifecycle.Service

    init(_ gate: Gate, _ service: any ServiceLifecycle.Service) {
        self.gate = gate
        self.service = service
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await gate.wait() }
        if Task.isCancelled || Task.isShuttingDownGracefully { return }
        try await service.run()
    }
}
