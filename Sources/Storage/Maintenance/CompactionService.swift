package import Logging
import ServiceLifecycle

/// Keeps the store's history short: every interval, forgets what is older than the interval before.
///
/// So history goes back one to two intervals, as far as a client may have been away and still go on watching where it was.
package struct CompactionService: Service {
    private let store: any Store
    private let interval: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger

    package init(
        store: any Store, interval: Duration = .seconds(300), clock: any Clock<Duration> = .continuous, logger: Logger
    ) {
        self.store = store
        self.interval = interval
        self.clock = clock
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var before = store.currentRevision
            while (try? await clock.sleep(for: interval)) != nil {
                let now = store.currentRevision
                do {
                    // Only what has a past; an empty store has none.
                    if before > 0, try await store.mayCompact(to: before) {
                        try await store.compact(to: before)
                        logger.debug("store compacted", metadata: ["revision": "\(before)"])
                    }
                } catch StoreError.closed {
                    return
                } catch {
                    // The next interval tries again, and then further on.
                    logger.warning("failed to compact the store", metadata: ["revision": "\(before)", "error": "\(error)"])
                }
                before = now
            }
        }
    }
}
