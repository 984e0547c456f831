/// Does `count` equal pieces of work in batches of 1, 2, 4, ... pieces at once, and stops after the batch in which one fails.
///
/// So a controller whose every creation is refused (by a quota, say) asks once and not a thousand times.
/// - Returns: how many pieces were done, and the first failure.
func inGrowingBatches(_ count: Int, _ work: @escaping @Sendable () async throws -> Void) async -> (done: Int, failure: (any Error)?) {
    await inGrowingBatches(over: Array(0..<count)) { _ in try await work() }
}

/// Does a piece of work for each item in batches of 1, 2, 4, ... at once, and stops after the batch in which one fails.
func inGrowingBatches<Item: Sendable>(
    over items: [Item], _ work: @escaping @Sendable (Item) async throws -> Void
) async -> (done: Int, failure: (any Error)?) {
    var done = 0
    var position = 0
    var batch = 1
    while position < items.count {
        let size = min(batch, items.count - position)
        let now = items[position..<position + size]
        position += size
        let failures = await withTaskGroup(of: (any Error)?.self) { group in
            for item in now {
                group.addTask {
                    do {
                        try await work(item)
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
