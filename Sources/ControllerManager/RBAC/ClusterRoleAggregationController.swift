import JSON
import KubernetesAPI
import KubernetesClient
import RBACV1

/// Gathers the rules of the ClusterRoles that an aggregation rule chooses into the role that bears it.
struct ClusterRoleAggregationController: Controller {
    static let name = "clusterrole-aggregation-controller"

    private let context: ControllerContext
    private let roles: Informer<ClusterRole>
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        roles = context.informers.informer(ClusterRole.self)
        queue = WorkQueue(time: context.time)
        let (queue, roles) = (queue, roles)
        // Whatever changes may be what an aggregating role gathers.
        @Sendable func changed() {
            for role in roles.list() where role.aggregationRule != nil { queue.add(role.metadata.name ?? "") }
        }
        roles.addHandler(added: { _ in changed() }, updated: { _, _ in changed() }, deleted: { _ in changed() })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 5, logger: context.logger) { [self] name in try await sync(name) }
    }

    private func sync(_ name: String) async throws {
        guard var role = roles.get(name), role.aggregationRule != nil else { return }
        let rules = try Self.gathered(role, from: roles.list())
        guard rules.map({ $0.jsonBytes() }) != role.rules.map({ $0.jsonBytes() }) else { return }
        role.rules = rules
        do {
            _ = try await context.client.update(role)
        } catch let error as APIStatusError where error.isNotFound {}
    }

    /// The rules of all roles that the aggregation rule chooses, by the roles' names, each rule once.
    static func gathered(_ role: ClusterRole, from roles: [ClusterRole]) throws(SelectorError) -> [PolicyRule] {
        var selectors: [Selector] = []
        for selector in role.aggregationRule?.clusterRoleSelectors ?? [] { selectors.append(try Selector(selector)) }
        var rules: [PolicyRule] = []
        var seen: Set<[UInt8]> = []
        for other in roles.sorted(by: { ($0.metadata.name ?? "") < ($1.metadata.name ?? "") }) where other.metadata.name != role.metadata.name {
            guard selectors.contains(where: { $0.matches(other.metadata.labels) }) else { continue }
            for rule in other.rules where seen.insert(rule.jsonBytes()).inserted { rules.append(rule) }
        }
        return rules
    }
}
