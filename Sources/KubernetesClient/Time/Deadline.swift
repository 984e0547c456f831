/// The work did not finish in its time.
package struct DeadlineError: Error, CustomStringConvertible {
    package var limit: Duration
    package var description: String { "no answer within \(limit)" }
}

/// Runs work that is cancelled and fails with `DeadlineError` when it takes longer than `limit`.
package func withDeadline<R: Sendable>(
    _ limit: Duration, _ time: TimeSource = .system, _ work: @escaping @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await time.sleep(limit)
            throw DeadlineError(limit: limit)
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}
