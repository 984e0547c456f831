import Synchronization

/// Asks for the newest revision, once for all who ask at the same time: who comes while an answer is under way has to wait for the next, because the
/// one under way may be older than what he knows of.
final class RevisionQuestion: Sendable {
    private struct State {
        var isAsking = false
        var next: [CheckedContinuation<Result<Int64, StoreError>, Never>] = []
    }

    private let state = Mutex(State())
    private let ask: @Sendable () async -> Result<Int64, StoreError>

    init(_ ask: @escaping @Sendable () async -> Result<Int64, StoreError>) {
        self.ask = ask
    }

    func answer() async throws(StoreError) -> Int64 {
        let result = await withCheckedContinuation { continuation in
            let mustAsk = state.withLock { state in
                state.next.append(continuation)
                defer { state.isAsking = true }
                return !state.isAsking
            }
            if mustAsk { Task { await work() } }
        }
        return try result.get()
    }

    private func work() async {
        while let waiting = take() {
            let result = await ask()
            for continuation in waiting { continuation.resume(returning: result) }
        }
    }

    private func take() -> [CheckedContinuation<Result<Int64, StoreError>, Never>]? {
        state.withLock { state in
            guard !state.next.isEmpty else {
                state.isAsking = false
                return nil
            }
            defer { state.next = [] }
            return state.next
        }
    }
}
