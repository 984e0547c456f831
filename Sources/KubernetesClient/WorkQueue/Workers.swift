package import Logging
import ServiceLifecycle

/// Works on a queue's keys with `count` tasks until the task is cancelled, the service group shuts down or the queue is shut down.
///
/// `process` brings one key a step closer to what should be and is called again for as long as it throws, with growing pauses; to be
/// called again later it adds the key to the queue with a delay. On the way out the step at hand is finished.
package func runWorkers<Key>(
    queue: WorkQueue<Key>, count: Int, logger: Logger? = nil, process: @escaping @Sendable (Key) async throws -> Void
) async {
    await withTaskCancellationOrGracefulShutdownHandler {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<max(1, count) {
                group.addTask {
                    while let key = await queue.next() {
                        await work(on: key, queue, logger, process)
                    }
                }
            }
        }
    } onCancelOrGracefulShutdown: {
        queue.shutDown()
    }
}

private func work<Key>(
    on key: Key, _ queue: WorkQueue<Key>, _ logger: Logger?, _ process: @Sendable (Key) async throws -> Void
) async {
    do {
        try await process(key)
        queue.forget(key)
    } catch {
        if !Task.isCancelled {
            let metadata: Logger.Metadata = ["key": "\(key)", "error": "\(error)", "attempts": "\(queue.requeueCount(key) + 1)"]
            // A conflict only means that somebody else was faster.
            if let refusal = error as? APIStatusError, refusal.isConflict {
                logger?.debug("object changed meanwhile; trying again", metadata: metadata)
            } else {
                logger?.warning("reconciling failed; trying again", metadata: metadata)
            }
            queue.addRateLimited(key)
        }
    }
    queue.done(key)
}
