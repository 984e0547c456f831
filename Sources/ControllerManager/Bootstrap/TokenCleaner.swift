import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging

/// Deletes bootstrap tokens that have ended.
struct TokenCleaner: Controller {
    static let name = "token-cleaner-controller"

    private let context: ControllerContext
    private let secrets: Informer<Secret>
    private let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        secrets = context.informers.informer(Secret.self, namespace: BootstrapToken.namespace, fieldSelector: "type=\(BootstrapToken.secretType)")
        queue = WorkQueue(time: context.time)
        let queue = queue
        secrets.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) }, updated: { _, new in queue.add(NamespacedName(new.metadata)) })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] key in try await sync(key) }
    }

    private func sync(_ key: NamespacedName) async throws {
        guard let secret = secrets.get(key), BootstrapToken.isToken(secret), let end = BootstrapToken.end(secret) else { return }
        let now = context.now
        if end > now {
            queue.add(key, after: .seconds(end - now))
            return
        }
        context.logger.info("a bootstrap token has ended", metadata: ["secret": "\(key)"])
        do {
            try await context.client.delete(
                Secret.self, key.name, namespace: key.namespace,
                DeleteOptions { $0.preconditions = Preconditions { $0.uid = secret.metadata.uid } })
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
    }
}
