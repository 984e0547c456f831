import Synchronization

/// Lets one task at a time through per key, in the order of arrival.
final class KeyedGate: Sendable {
    private struct Waiter {
        var id: UInt64
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var held: Set<String> = []
        var waiting: [String: [Waiter]] = [:]
        var cancelled: Set<UInt64> = []
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Runs `body` alone among those with the same key.
    /// - Throws: `CancellationError` when the task is cancelled while it waits, and what `body` throws.
    func with<T: Sendable>(_ key: String, _ body: () async throws -> T) async throws -> T {
        try await enter(key)
        defer { leave(key) }
        return try await body()
    }

    private func enter(_ key: String) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let entered = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let answer: Bool? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return false }
                    if state.held.insert(key).inserted { return true }
                    state.waiting[key, default: []].append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiting[key]?.firstIndex(where: { $0.id == id }) else {
                    // Not in the queue yet (or through already, which the line after the wait forgets).
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiting[key]?.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
        }
        state.withLock { _ = $0.cancelled.remove(id) }
        guard entered else { throw CancellationError() }
    }

    private func leave(_ key: String) {
        let next: Waiter? = state.withLock { state in
            if var queue = state.waiting[key], !queue.isEmpty {
                let first = queue.removeFirst()
                state.waiting[key] = queue.isEmpty ? nil : queue
                return first
            }
            state.held.remove(key)
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
