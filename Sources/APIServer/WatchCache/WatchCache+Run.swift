import Logging
import ServiceLifecycle
import Storage

extension WatchCache: Service {
    /// Fills the cache from the store and follows the store until cancelled or shut down. When the store ends the watch (a lost connection, a
    /// compaction that overtook it), the watches are closed, and the cache is not ready until it has been filled anew.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { await self.follow() }
                group.addTask { await self.tick() }
                // Following ends only when the store is closed or the task is cancelled: nothing is left to do then.
                await group.next()
                group.cancelAll()
            }
        }
    }

    private func tick() async {
        while (try? await clock.sleep(configuration.bookmarkInterval)) != nil {
            sendBookmarks()
        }
    }

    private func follow() async {
        let longestPause = Duration.seconds(5)
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            let reason: StoreError?
            let began = revision
            do {
                reason = try await fillAndFollow()
            } catch {
                reason = error
            }
            guard let reason, !Task.isCancelled else { return }
            if reason == .closed { return }
            // A watch that came on shows that the store works: then the next failure is a new one.
            if revision > began { pause = .milliseconds(50) }
            logger.warning(
                "watch of the store ended, filling the cache anew",
                metadata: ["resource": "\(scope.prefix)", "reason": "\(reason)", "pause": "\(pause)"])
            try? await clock.sleep(pause)
            pause = min(pause * 2, longestPause)
        }
    }

    /// - Returns: why the store ended the watch; nil when the task was cancelled.
    private func fillAndFollow() async throws(StoreError) -> StoreError? {
        // A store that others share says only after that how far it is.
        try await store.catchUp()
        // The first time from some way back, so that the log has a past. Later never: the cache has been read, and time goes forward.
        let start: Int64? = revision > 0 ? nil : max(store.compactedRevision, store.currentRevision - configuration.replayedRevisionsMax)
        let (entries, filledRevision) = try await entriesFromStore(at: start)
        let generation = fill(entries, revision: filledRevision)
        let ended = OneShot<StoreError>()
        let handle = try store.watch(KeyRange(prefix: scope.prefix), from: filledRevision) { [self] batch in
            switch batch {
            case .events(let events, let revision): receive(events, through: revision, generation: generation)
            case .caughtUp(let revision): caughtUp(at: revision, generation: generation)
            case .ended(let reason):
                stopServing(generation: generation)
                ended.finish(reason)
            }
        }
        defer {
            handle.cancel()
            stopServing(generation: generation)
        }
        return await ended.wait()
    }
}
