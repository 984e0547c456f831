import KubernetesClient
import Synchronization

/// Creations and deletions that a controller has asked for and whose events it has not seen yet.
///
/// An informer lags behind the server. A controller that counts its dependents before its own last writes have come back would create or
/// delete too many, so it waits until its expectations are met. If an event never comes, an expectation counts as met after five minutes.
final class Expectations: Sendable {
    static let timeout = Duration.seconds(300)

    private struct Entry {
        var creations = 0
        /// By uid: the same deletion can be seen twice, as an update that marks it and as the end.
        var deletions: Set<String> = []
        var since: Duration
    }

    private let time: TimeSource
    private let entries = Mutex<[NamespacedName: Entry]>([:])

    init(time: TimeSource) {
        self.time = time
    }

    func areMet(_ key: NamespacedName) -> Bool {
        let now = time.uptime()
        return entries.withLock { entries in
            guard let entry = entries[key] else { return true }
            return entry.creations <= 0 && entry.deletions.isEmpty || now - entry.since > Self.timeout
        }
    }

    /// Sets what is expected; whatever was expected before has been met.
    func expect(_ key: NamespacedName, creations: Int = 0, deletions: Set<String> = []) {
        let now = time.uptime()
        entries.withLock { $0[key] = Entry(creations: creations, deletions: deletions, since: now) }
    }

    /// Adds to what is expected.
    func expectMore(_ key: NamespacedName, creations: Int = 0, deletions: Set<String> = []) {
        let now = time.uptime()
        entries.withLock { entries in
            var entry = entries[key] ?? Entry(since: now)
            entry.creations += creations
            entry.deletions.formUnion(deletions)
            entry.since = now
            entries[key] = entry
        }
    }

    /// The deletions whose events have not come.
    func expectedDeletions(_ key: NamespacedName) -> Set<String> {
        entries.withLock { $0[key]?.deletions ?? [] }
    }

    func sawCreation(_ key: NamespacedName) {
        entries.withLock { $0[key]?.creations -= 1 }
    }

    func sawDeletion(_ key: NamespacedName, uid: String) {
        entries.withLock { _ = $0[key]?.deletions.remove(uid) }
    }

    /// The owner is gone.
    func forget(_ key: NamespacedName) {
        entries.withLock { $0[key] = nil }
    }
}
