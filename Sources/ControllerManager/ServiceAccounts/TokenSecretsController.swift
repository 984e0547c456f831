import CoreV1
import KubernetesAPI
import KubernetesClient

/// Makes a secret with a token for every service account, as Kubernetes did before 1.24, for clients that look for one in `secrets` of the
/// account. Only where it is asked for: such tokens do not end.
///
/// The secret is made empty; `LegacyTokensController` fills it.
struct TokenSecretsController: Controller {
    static let name = LegacyTokensController.name
    private static let attemptsMax = 10

    private let context: ControllerContext
    private let secrets: Informer<Secret>
    private let accounts: Informer<ServiceAccount>
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        secrets = context.informers.informer(Secret.self, fieldSelector: "type=\(LegacyTokensController.secretType)")
        accounts = context.informers.informer(ServiceAccount.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        accounts.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { _, new in queue.add(NamespacedName(new.metadata)) })
        secrets.addHandler(deleted: { secret in
            guard let account = secret.metadata.annotations[LegacyTokensController.nameAnnotation] else { return }
            queue.add(NamespacedName(namespace: secret.metadata.namespace ?? "", name: account))
        })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard accounts.get(key) != nil else { return }
        // The copy may be behind, and a second secret would stay for ever: what counts is the account as it is.
        guard let account = try await current(key), account.metadata.deletionTimestamp == nil else { return }
        for reference in account.secrets where try await isToken(reference.name ?? "", of: account) { return }
        let made: Secret
        do {
            made = try await context.client.create(Self.secret(for: account))
        } catch let error as APIStatusError where error.isNamespaceTerminating { return }
        guard try await refer(to: made, from: key, uid: account.metadata.uid) else {
            try await delete(made)
            return
        }
    }

    private func current(_ key: NamespacedName) async throws -> ServiceAccount? {
        do {
            return try await context.client.get(ServiceAccount.self, key.name, namespace: key.namespace)
        } catch let error as APIStatusError where error.isNotFound {
            return nil
        }
    }

    private func isToken(_ name: String, of account: ServiceAccount) async throws -> Bool {
        do {
            return Self.isToken(try await context.client.get(Secret.self, name, namespace: account.metadata.namespace), of: account)
        } catch let error as APIStatusError where error.isNotFound {
            return false
        }
    }

    static func isToken(_ secret: Secret, of account: ServiceAccount) -> Bool {
        let annotations = secret.metadata.annotations
        let uid = annotations[LegacyTokensController.uidAnnotation] ?? ""
        return secret.type == LegacyTokensController.secretType && secret.metadata.deletionTimestamp == nil
            && annotations[LegacyTokensController.nameAnnotation] == account.metadata.name && (uid.isEmpty || uid == account.metadata.uid)
    }

    private static func secret(for account: ServiceAccount) -> Secret {
        Secret {
            $0.metadata.generateName = "\(account.metadata.name ?? "")-token-"
            $0.metadata.namespace = account.metadata.namespace
            $0.metadata.annotations = [
                LegacyTokensController.nameAnnotation: account.metadata.name ?? "", LegacyTokensController.uidAnnotation: account.metadata.uid ?? "",
            ]
            $0.type = LegacyTokensController.secretType
        }
    }

    /// Adds the secret to those of the account, and takes away those that are gone. False when the account is another one now, or has a token
    /// from somebody else.
    private func refer(to secret: Secret, from key: NamespacedName, uid: String?) async throws -> Bool {
        for _ in 0..<Self.attemptsMax {
            guard var account = try await current(key), account.metadata.uid == uid, account.metadata.deletionTimestamp == nil else { return false }
            var kept: [ObjectReference] = []
            for reference in account.secrets {
                if try await isToken(reference.name ?? "", of: account) { return false }
                if try await exists(reference.name ?? "", key.namespace) { kept.append(reference) }
            }
            account.secrets = kept + [ObjectReference { $0.name = secret.metadata.name }]
            do {
                _ = try await context.client.update(account)
                return true
            } catch let error as APIStatusError where error.isConflict {}
        }
        return false
    }

    private func exists(_ name: String, _ namespace: String) async throws -> Bool {
        do {
            _ = try await context.client.get(Secret.self, name, namespace: namespace)
            return true
        } catch let error as APIStatusError where error.isNotFound {
            return false
        }
    }

    private func delete(_ secret: Secret) async throws {
        do {
            try await context.client.delete(Secret.self, secret.metadata.name ?? "", namespace: secret.metadata.namespace)
        } catch let error as APIStatusError where error.isNotFound {}
    }
}
