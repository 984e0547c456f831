/// One change of one key.
package enum StoreEvent: Sendable, Equatable {
    /// The key was written: made (`createRevision == modRevision`) or changed.
    case put(KeyValue)
    /// The key was deleted at `revision`; `last` is what it was until then.
    case delete(last: KeyValue, revision: Int64)

    package var key: String {
        switch self {
        case .put(let keyValue): keyValue.key
        case .delete(let last, _): last.key
        }
    }

    package var revision: Int64 {
        switch self {
        case .put(let keyValue): keyValue.modRevision
        case .delete(_, let revision): revision
        }
    }
}

/// What a watch is told.
package enum WatchBatch: Sendable {
    /// Changes in revision order, whole revisions. After it, every change up to and including revision `through` has been told.
    ///
    /// The list is empty when nothing in the range changed: every watch hears of every group of commits, so that it knows how far it has seen.
    case events([StoreEvent], through: Int64)
    /// The past has been told, up to and including revision `at`; comes once. From now on the watch is told of each commit before the one who made it
    /// gets his answer.
    case caughtUp(at: Int64)
    /// The watch is over and must be begun anew: the store was closed, or the watch fell behind a compaction. Nothing follows.
    case ended(StoreError)
}

/// A watch that is under way.
package protocol WatchHandle: Sendable {
    /// Ends the watch. A call of the handler that is just being made still comes, none after it. Any number of times, from any thread.
    func cancel()
}
