import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Marks tokens without an end that were made for service accounts and not used for long, which ends their use; and deletes them when for as long
/// again nobody has taken the mark away.
struct LegacyTokenCleaner: Controller {
    static let name = "legacy-serviceaccount-token-cleaner-controller"
    static let lastUsed = "kubernetes.io/legacy-token-last-used"
    static let invalidSince = "kubernetes.io/legacy-token-invalid-since"
    private static let tracking = "kube-apiserver-legacy-service-account-token-tracking"
    private static let interval = Duration.seconds(24 * 3600)
    private static let daySeconds: Int64 = 24 * 3600

    private let context: ControllerContext
    private let seconds: Int64
    private let secrets: Informer<Secret>
    private let accounts: Informer<ServiceAccount>
    private let pods: Informer<Pod>

    /// - Parameter period: for how long a token may not be used.
    init(_ context: ControllerContext, period: Duration) {
        self.context = context.named(Self.name)
        seconds = period.components.seconds
        secrets = context.informers.informer(Secret.self, fieldSelector: "type=\(LegacyTokensController.secretType)")
        accounts = context.informers.informer(ServiceAccount.self)
        pods = context.informers.informer(Pod.self)
    }

    func run() async throws {
        while !Task.isCancelled {
            do {
                try await clean()
            } catch {
                if Task.isCancelled { return }
                context.logger.warning("cannot clean up tokens of service accounts", metadata: ["error": "\(error)"])
            }
            do { try await context.time.sleep(Self.interval) } catch { return }
        }
    }

    func clean() async throws {
        let now = context.now
        let since = try await context.client.get(ConfigMap.self, Self.tracking, namespace: "kube-system").data["since"] ?? ""
        // What was used before that is not known.
        guard let day = Self.day(since), now >= day + Self.daySeconds + seconds else { return }
        let oldest = now - seconds
        for secret in secrets.list() where isUnused(secret, since: oldest) && isMadeForAccount(secret) && !isMounted(secret) {
            do {
                try await retire(secret, oldest: oldest, now: now)
            } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
        }
    }

    private func retire(_ secret: Secret, oldest: Int64, now: Int64) async throws {
        let (namespace, name) = (secret.metadata.namespace ?? "", secret.metadata.name ?? "")
        guard let marked = secret.metadata.labels[Self.invalidSince], Self.day(marked) != nil else {
            let labels: JSONValue = [Self.invalidSince: .string(Self.text(now))]
            _ = try await context.client.patch(
                Secret.self, name, namespace: namespace,
                .merge(["metadata": ["uid": .string(secret.metadata.uid ?? ""), "labels": labels]]))
            return
        }
        guard marked < Self.text(oldest) else { return }
        try await context.client.delete(
            Secret.self, name, namespace: namespace,
            DeleteOptions { $0.preconditions = Preconditions { $0.resourceVersion = secret.metadata.resourceVersion } })
    }

    private func isUnused(_ secret: Secret, since oldest: Int64) -> Bool {
        guard secret.type == LegacyTokensController.secretType, secret.metadata.deletionTimestamp == nil,
            let made = secret.metadata.creationTimestamp?.seconds, made < oldest
        else { return false }
        guard let used = secret.metadata.labels[Self.lastUsed] else { return true }
        return Self.day(used) != nil && used < Self.text(oldest)
    }

    /// Whether it was made by itself: those that somebody made are no concern of ours.
    private func isMadeForAccount(_ secret: Secret) -> Bool {
        guard let name = secret.metadata.annotations[LegacyTokensController.nameAnnotation],
            let account = accounts.get(name, namespace: secret.metadata.namespace ?? "")
        else { return false }
        let uid = secret.metadata.annotations[LegacyTokensController.uidAnnotation] ?? ""
        return (uid.isEmpty || uid == account.metadata.uid) && account.secrets.contains { $0.name == secret.metadata.name }
    }

    private func isMounted(_ secret: Secret) -> Bool {
        pods.list(namespace: secret.metadata.namespace ?? "").contains { $0.secretNames.contains(secret.metadata.name ?? "") }
    }

    /// Days as labels have them, `2026-11-22`: their order is that of the texts.
    private static func day(_ text: String) -> Int64? { text.utf8.count == 10 ? Time(text + "T00:00:00Z")?.seconds : nil }
    private static func text(_ seconds: Int64) -> String { String(Time(seconds: seconds).description.prefix(10)) }
}

extension Pod {
    /// The secrets that its containers, volumes and image pulls name.
    fileprivate var secretNames: Set<String> {
        var names = spec.imagePullSecrets.compactMap(\.name)
        for volume in spec.volumes {
            if let name = volume.secret?.secretName { names.append(name) }
            names += volume.projected?.sources.compactMap { $0.secret?.name } ?? []
        }
        for container in spec.initContainers + spec.containers {
            names += container.envFrom.compactMap { $0.secretRef?.name }
            names += container.env.compactMap { $0.valueFrom?.secretKeyRef?.name }
        }
        return Set(names)
    }
}
