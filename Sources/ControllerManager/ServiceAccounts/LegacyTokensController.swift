import CoreV1
import KubernetesAPI
import KubernetesClient
import PKI

/// Fills the secrets of the type `kubernetes.io/service-account-token` with a token of the service account that they name, for clients that
/// want one that does not end; and deletes them when the account goes.
struct LegacyTokensController: Controller {
    static let name = "serviceaccount-token-controller"
    static let secretType = "kubernetes.io/service-account-token"
    static let nameAnnotation = "kubernetes.io/service-account.name"
    static let uidAnnotation = "kubernetes.io/service-account.uid"

    private let context: ControllerContext
    private let tokens: ServiceAccountTokens
    private let rootCA: [UInt8]
    private let secrets: Informer<Secret>
    private let accounts: Informer<ServiceAccount>
    private let queue: WorkQueue<NamespacedName>

    /// - Parameter rootCA: PEM; what the holder of a token checks the API server with.
    init(_ context: ControllerContext, tokens: ServiceAccountTokens, rootCA: String) {
        self.context = context.named(Self.name)
        self.tokens = tokens
        self.rootCA = Array(rootCA.utf8)
        secrets = context.informers.informer(Secret.self, fieldSelector: "type=\(Self.secretType)")
        accounts = context.informers.informer(ServiceAccount.self)
        queue = WorkQueue(time: context.time)
        let (queue, secrets) = (queue, secrets)
        secrets.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { _, new in queue.add(NamespacedName(new.metadata)) })
        @Sendable func changed(_ account: ServiceAccount) {
            for secret in secrets.list(namespace: account.metadata.namespace ?? "")
            where secret.metadata.annotations[Self.nameAnnotation] == account.metadata.name {
                queue.add(NamespacedName(secret.metadata))
            }
        }
        accounts.addHandler(added: changed, updated: { changed($1) }, deleted: changed)
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let secret = secrets.get(key), secret.type == Self.secretType, secret.metadata.deletionTimestamp == nil,
            let accountName = secret.metadata.annotations[Self.nameAnnotation]
        else { return }
        var account = accounts.get(accountName, namespace: key.namespace)
        if account == nil {
            // The copy may be behind; a secret is not deleted for that.
            do {
                account = try await context.client.get(ServiceAccount.self, accountName, namespace: key.namespace)
            } catch let error as APIStatusError where error.isNotFound {}
        }
        let known = secret.metadata.annotations[Self.uidAnnotation] ?? ""
        guard let account, known.isEmpty || known == account.metadata.uid else {
            try await delete(secret, key)
            return
        }
        guard let filled = try Self.filled(secret, account, tokens, rootCA: rootCA) else { return }
        do {
            _ = try await context.client.update(filled)
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// Nil when the secret is complete.
    static func filled(_ secret: Secret, _ account: ServiceAccount, _ tokens: ServiceAccountTokens, rootCA: [UInt8]) throws -> Secret? {
        let namespace = account.metadata.namespace ?? ""
        var data = secret.data
        data["namespace"] = Array(namespace.utf8)
        if !rootCA.isEmpty { data["ca.crt"] = rootCA }
        if data["token"]?.isEmpty ?? true {
            data["token"] = Array(
                try tokens.signLegacy(
                    namespace: namespace, account: .init(name: account.metadata.name ?? "", uid: account.metadata.uid ?? ""),
                    secret: secret.metadata.name ?? ""
                ).utf8)
        }
        guard data != secret.data || secret.metadata.annotations[uidAnnotation] != account.metadata.uid else { return nil }
        var filled = secret
        filled.data = data
        filled.metadata.annotations[uidAnnotation] = account.metadata.uid
        return filled
    }

    private func delete(_ secret: Secret, _ key: NamespacedName) async throws {
        do {
            try await context.client.delete(
                Secret.self, key.name, namespace: key.namespace,
                DeleteOptions { $0.preconditions = Preconditions { $0.uid = secret.metadata.uid } })
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
    }
}
