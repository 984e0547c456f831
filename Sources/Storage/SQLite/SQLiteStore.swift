import GRDB
package import Logging
import Synchronization

/// The store of a single machine: one SQLite file, write-ahead log, every acknowledged write on the disk.
///
/// One thread writes. What is asked while it is busy is committed together next: one transaction of SQLite and one sync to the disk. Another thread then
/// tells the watches, and after them those who wrote. Reads have connections of their own and never wait for the writer.
///
/// When the disk is full or fails, the transactions at hand fail, nothing acknowledged is lost, and the next ones are tried as if nothing had been.
package final class SQLiteStore: EmbeddedStore {
    package struct Configuration: Sendable {
        package var readersMax = 4
        /// Transactions committed together at most, and about how many bytes of values.
        package var batchTransactionsMax = 512
        package var batchBytesMax = 4 << 20
        /// Rows of history that one step of compaction looks at.
        package var compactionStepRows = 256
        /// The size beyond which writes fail as on a full disk; nil: the disk is the limit.
        package var sizeBytesMax: Int64?
        /// The write-ahead log is carried over into the database when it has come to this many pages.
        package var checkpointPages = 4000
        package var journalBytesKept: Int64 = 64 << 20
        package var cacheKilobytes = 8000
        /// What a sync to the disk may take without being complained of when the store is opened.
        package var syncExpected = Duration.milliseconds(50)
        /// Told of each place that the store's work comes to, on the thread that does it.
        package var reached: (@Sendable (StorePoint) -> Void)?

        package init() {}
    }

    private let writer: SQLiteWriter

    /// Opens the store, or makes it if the file does not exist. Blocks while the file is checked.
    ///
    /// - Throws: `.locked`, `.corrupt`, `.newerSchema`, `.inputOutput`.
    package init(
        path: String, configuration: Configuration = .init(), clock: any StoreClock = SystemStoreClock(), logger: Logger
    ) throws(StoreError) {
        writer = try SQLiteWriter(
            file: SQLiteFile(path: path, configuration: configuration), configuration: configuration, clock: clock, logger: logger)
        writer.start()
    }

    deinit {
        writer.stop()
    }

    package var currentRevision: Int64 { writer.publishedRevision }
    package var compactedRevision: Int64 { writer.compactedRevision }

    package func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult {
        guard writer.isOpen else { throw .closed }
        let result: Result<RangeResult, StoreError> = await withCheckedContinuation { continuation in
            writer.pool.asyncRead { [writer] database in
                do {
                    continuation.resume(returning: .success(try SQLiteRange.read(request, in: database.get())))
                } catch {
                    // Closed in the meantime: then SQLite's complaint is about that.
                    continuation.resume(returning: .failure(writer.isOpen ? StoreError(error, file: writer.path) : .closed))
                }
            }
        }
        return try result.get()
    }

    package func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void) {
        do {
            try StoreLimits.check(transaction)
        } catch {
            completion(.failure(error))
            return
        }
        writer.submit(SQLiteWriter.Pending(transaction: transaction, completion: completion))
    }

    package func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle {
        guard writer.isOpen else { throw .closed }
        let compacted = writer.compactedRevision
        guard revision >= compacted else { throw .compacted(requested: revision, compacted: compacted) }
        let watcher = Watcher(range: range, start: revision, handler: handler)
        writer.configuration.reached?(.watchBegins)
        writer.submit(.watch(watcher))
        return watcher
    }

    package func compact(to revision: Int64) async throws(StoreError) {
        let result: Result<Void, StoreError> = await withCheckedContinuation { continuation in
            writer.submit(.compact(to: revision) { continuation.resume(returning: $0) })
        }
        try result.get()
    }

    /// Answers what has been asked, ends all watches, and lets go of the file: when this returns, another process may open it. Everything asked
    /// afterwards fails with `StoreError.closed`. Not to be called by a completion or a watch's handler.
    package func close() {
        writer.stop()
        writer.waitUntilStopped()
    }
}
