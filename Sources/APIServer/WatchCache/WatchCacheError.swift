package import Storage

/// Why a cache could not serve a read or a watch.
package enum WatchCacheError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The changes after `requested` are no longer all in memory: 410 Expired, the client lists anew.
    case tooOld(requested: Int64, oldest: Int64)
    /// A watcher fell so far behind that events it had not fetched are gone: 410 Expired, the client lists anew.
    case tooSlow
    /// The cache was filled anew and cannot tell what changed in between: 410 Expired, the client lists anew.
    case restarted
    /// The store has not come to this revision in the time given: 504 Timeout, "Too large resource version".
    case tooNew(requested: Int64, current: Int64)
    /// The cache has not been filled yet.
    case notReady
    case store(StoreError)

    /// Whether the client has to list anew: 410 Expired.
    package var isExpired: Bool {
        switch self {
        case .tooOld, .tooSlow, .restarted: true
        case .store(.compacted): true
        case .tooNew, .notReady, .store: false
        }
    }

    package var description: String {
        switch self {
        case .tooOld(let requested, let oldest): "too old resource version: \(requested) (\(oldest))"
        case .tooSlow: "the watch fell too far behind the changes: list anew"
        case .restarted: "the watch cache was filled anew: list anew"
        case .tooNew(let requested, let current): "Too large resource version: \(requested), current: \(current)"
        case .notReady: "the watch cache is still being filled"
        case .store(let error): error.description
        }
    }
}
