import JSON
import Logging
import Synchronization

/// Writes down on its secret on which day a token without an end was used last, at most once a day.
final class LegacyTokenUses: Sendable {
    static let lastUsed = "kubernetes.io/legacy-token-last-used"
    static let invalidSince = "kubernetes.io/legacy-token-invalid-since"

    private let registry: Registry
    private let logger: Logger
    /// Secrets that are being written to.
    private let writing = Mutex<Set<String>>([])

    init(registry: Registry, logger: Logger) {
        self.registry = registry
        self.logger = logger
    }

    /// Never waits: the request of whoever used it goes on.
    func note(_ secret: JSONValue, now: Int64) {
        let today = Self.day(now)
        guard secret.at("metadata", "labels")?.text(Self.lastUsed) != today else { return }
        let (namespace, name) = (secret.text("metadata", "namespace"), secret.text("metadata", "name"))
        let key = "\(namespace)/\(name)"
        guard writing.withLock({ $0.insert(key).inserted }) else { return }
        var changed = secret
        changed.editOrMake("metadata") { $0.editOrMake("labels") { $0[Self.lastUsed] = .string(today) } }
        let body = changed
        Task {
            do throws(APIStatus) {
                _ = try await registry.perform("update", "", "v1", "secrets", namespace: namespace, name: name, body: body)
            } catch {
                // Somebody else was faster, perhaps another server: the next use sees to it.
                if error.reason != "Conflict", error.reason != "NotFound" {
                    logger.warning("cannot write down that a token was used", metadata: ["secret": "\(key)", "error": "\(error)"])
                }
            }
            writing.withLock { _ = $0.remove(key) }
        }
    }

    /// A day as the labels have it: `2026-11-22`.
    static func day(_ seconds: Int64) -> String { String(ServerClock.text(seconds).prefix(10)) }
}

extension Registry {
    private static let tokenTracking = "kube-apiserver-legacy-service-account-token-tracking"

    /// Since when it is written down: who cleans up what was not used for long goes by it.
    func ensureTokenTracking() async throws(APIStatus) {
        let since = object(group: "", resource: "configmaps", namespace: "kube-system", name: Self.tokenTracking)?["data"]?.text("since") ?? ""
        if ServerClock.seconds(of: since + "T00:00:00Z") != nil { return }
        try await ensure(
            "", "v1", "configmaps", namespace: "kube-system",
            ["metadata": ["name": .string(Self.tokenTracking)], "data": ["since": .string(LegacyTokenUses.day(clock.seconds()))]], correcting: "data")
    }
}
