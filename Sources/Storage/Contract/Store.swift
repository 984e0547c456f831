/// A durable, ordered map from keys to bytes with one count of changes, the *revision*, for the whole store.
///
/// What every store promises:
/// - **Revisions** rise by one with each transaction that changes something, and are never used twice: not after a crash, not after
///   compaction. A store that nobody has written to is at revision 0, or at 1 if it is etcd.
/// - **Transactions** are atomic and serial. When a commit is answered, the change is durable, and every watch that had caught up has been handed
///   it. So whoever follows a watch sees a write no later than the one who made it.
/// - **Watches** see every change of their range exactly once, in revision order, whole revisions at a time.
/// - **History** is kept until it is compacted: ranges at, and watches from, a revision older than the compacted one fail with
///   `StoreError.compacted`; everything at or after it is exact.
/// - **Time to live**: a key written with one is deleted by the store itself, in a transaction like any other, some time after it has run out.
///
/// Keys are ordered by their UTF-8 bytes.
package protocol Store: Sendable {
    /// Reads the keys of a range, in key order, as they were at one revision. Never waits for a write.
    func range(_ request: RangeRequest) async throws(StoreError) -> RangeResult

    /// Hands a transaction to the writer and returns at once.
    ///
    /// `completion` is called exactly once, on a thread of the store's (with some stores on the caller's, even before this returns), and must not
    /// block. A condition that does not hold is an answer, `CommitResult.conflict`, and not an error. After an error nothing was changed, except
    /// for `StoreError.outcomeUnknown`.
    func commit(_ transaction: Transaction, completion: @escaping @Sendable (Result<CommitResult, StoreError>) -> Void)

    /// Follows the changes of a range: all whose revision is greater than `revision`, first those of the past and then each new one.
    ///
    /// When all of the past has been told, the watch is told that too (`WatchBatch.caughtUp`).
    ///
    /// `handler` is called by one thread at a time and must not block; it may call the store. The watch lives until it is cancelled or told `WatchBatch.ended`; letting go of the handle does not end it.
    ///
    /// - Throws: `StoreError.compacted` when the changes after `revision` are no longer all there.
    func watch(
        _ range: KeyRange, from revision: Int64, handler: @escaping @Sendable (WatchBatch) -> Void
    ) throws(StoreError) -> any WatchHandle

    /// Forgets what only reads of revisions before `revision` need. Returns when the space is free for reuse.
    ///
    /// Trimming goes in small steps between which writes are served. Compacting to a revision that is already compacted does nothing.
    ///
    /// - Throws: `StoreError.futureRevision` when the store has not reached `revision`.
    func compact(to revision: Int64) async throws(StoreError)

    /// Whether others may write to the store beside this process.
    var isShared: Bool { get }

    /// Returns when every caught-up watch has been told of everything that anybody had had acknowledged before the call. In a store that only this
    /// process writes to that is always so.
    ///
    /// - Throws: `StoreError.inputOutput` when that can't be found out, or takes too long.
    func catchUp() async throws(StoreError)

    /// Whether it is for this process to compact the store now, and not for another one that shares it. Asked before each compaction; a yes is to be
    /// followed by one.
    func mayCompact(to revision: Int64) async throws(StoreError) -> Bool

    /// The newest revision of which every caught-up watch has been told.
    var currentRevision: Int64 { get }

    /// The oldest revision that can still be read; 0 when nothing was ever compacted.
    var compactedRevision: Int64 { get }
}

/// A store that only this process writes to.
package protocol EmbeddedStore: Store {}

extension EmbeddedStore {
    package var isShared: Bool { false }
    package func catchUp() async throws(StoreError) {}
    package func mayCompact(to revision: Int64) async throws(StoreError) -> Bool { true }
}

extension Store {
    /// Commits and waits for the answer. Cancelling the task does not cancel the commit, nor the waiting: a commit's outcome is always learned.
    package func commit(_ transaction: Transaction) async throws(StoreError) -> CommitResult {
        let result: Result<CommitResult, StoreError> = await withCheckedContinuation { continuation in
            commit(transaction) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The newest state of one key; nil when it does not exist.
    package func get(_ key: String) async throws(StoreError) -> KeyValue? {
        try await range(RangeRequest(KeyRange(key: key))).keyValues.first
    }
}
