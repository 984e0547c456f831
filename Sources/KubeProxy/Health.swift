import Synchronization

/// Whether changes reach the kernel in time.
final class ProxyHealth: Sendable {
    private struct State {
        /// When the oldest change that is not applied came.
        var oldest: ContinuousClock.Instant?
        var lastDone: ContinuousClock.Instant?
    }

    /// A change that is older than this without being applied means that something is wrong.
    static let delayMax: Duration = .seconds(60)

    private let state = Mutex(State())

    func queued() {
        state.withLock { if $0.oldest == nil { $0.oldest = .now } }
    }

    /// Called before the API's objects are read: changes from here on may or may not be in.
    func begin() -> ContinuousClock.Instant { .now }

    func done(_ mark: ContinuousClock.Instant) {
        state.withLock { state in
            if let oldest = state.oldest, oldest <= mark { state.oldest = nil }
            state.lastDone = .now
        }
    }

    var isHealthy: Bool {
        state.withLock { state in
            state.lastDone != nil && state.oldest.map { $0.duration(to: .now) < Self.delayMax } ?? true
        }
    }
}
