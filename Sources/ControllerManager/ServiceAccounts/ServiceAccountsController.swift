import CoreV1
import KubernetesAPI
import KubernetesClient

/// Makes sure that every namespace has the service account `default`.
struct ServiceAccountsController: Controller {
    static let name = "serviceaccount-controller"
    static let accountName = "default"

    private let context: ControllerContext
    private let namespaces: Informer<Namespace>
    private let accounts: Informer<ServiceAccount>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        namespaces = context.informers.informer(Namespace.self)
        accounts = context.informers.informer(ServiceAccount.self)
        queue = WorkQueue(time: context.time)
        let queue = queue
        namespaces.addHandler(
            added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") })
        accounts.addHandler(deleted: { account in
            if account.metadata.name == Self.accountName { queue.add(account.metadata.namespace ?? "") }
        })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] namespace in
            guard namespaces.get(namespace)?.status.phase == "Active", accounts.get(Self.accountName, namespace: namespace) == nil else { return }
            var account = ServiceAccount()
            account.metadata.name = Self.accountName
            account.metadata.namespace = namespace
            do {
                _ = try await context.client.create(account)
            } catch let error as APIStatusError where error.isAlreadyExists || error.isNamespaceTerminating {}
        }
    }
}
