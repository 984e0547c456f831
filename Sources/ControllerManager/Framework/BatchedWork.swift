/// Does `count` equal pieces of work in batches of 1, 2, 4, ... pieces at once, and stops after the batch in which one fails.
///
/// So a controller whose every creation is refused (by a quota, say) asks once and not a thousand times.
/// - Returns: how many pieces were done, and the first failure.
func inGrowingBatches(_ count: Int, _ work: @escaping @Sendable () async throws -> Void) async -> (done: Int, failure: (any Error)?) {
    var done = 0
    var batch = 1
    while done < count {
        let size = min(batch, count - done)
        let failures = await withTaskGroup(of: (any Error)?.self) { group in
            for _ in 0..<size {
                group.addTask {
                    do {
                        try await work()
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var failures: [any Error] = []
            for await failure in group {
                if let failure { failures.append(failure) }
            }
            return failures
        }
        done += size - failures.count
        if let first = failures.first { return (done, first) }
        batch *= 2
    }
    return (done, nil)
}
