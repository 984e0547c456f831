import JSON
import Synchronization

/// Creations that have been counted against a quota and are not in the store yet.
///
/// Each creation counts those that were announced before it, so that of any number at once no more pass than the quota has room for.
final class QuotaReservations: Sendable {
    private struct State {
        var next: UInt64 = 0
        /// In the order of their announcement.
        var scopes: [String: [(ticket: UInt64, object: JSONValue)]] = [:]
    }

    private let state = Mutex(State())

    /// - Returns: the objects announced before, and what to call this one by.
    func add(_ object: JSONValue, to scope: String) -> (ahead: [JSONValue], ticket: UInt64) {
        state.withLock { state in
            state.next += 1
            let ahead = state.scopes[scope]?.map(\.object) ?? []
            state.scopes[scope, default: []].append((state.next, object))
            return (ahead, state.next)
        }
    }

    func remove(_ ticket: UInt64, from scope: String) {
        state.withLock { state in
            state.scopes[scope]?.removeAll { $0.ticket == ticket }
            if state.scopes[scope]?.isEmpty == true { state.scopes[scope] = nil }
        }
    }
}
