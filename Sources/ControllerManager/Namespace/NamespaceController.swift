import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging

/// Empties namespaces that are being deleted, and lets them go when nothing is left in them.
struct NamespaceController: Controller {
    static let name = "namespace-controller"
    static let finalizer = "kubernetes"

    private let context: ControllerContext
    private let namespaces: Informer<Namespace>
    private let discovery: ResourceDiscovery
    private let queue: WorkQueue<String>

    init(_ context: ControllerContext) {
        self.context = context.named(Self.name)
        namespaces = context.informers.informer(Namespace.self)
        discovery = ResourceDiscovery(client: context.client)
        queue = WorkQueue(time: context.time)
        let queue = queue
        @Sendable func enqueue(_ namespace: Namespace) {
            if namespace.metadata.deletionTimestamp != nil { queue.add(namespace.metadata.name ?? "") }
        }
        namespaces.addHandler(added: enqueue, updated: { _, new in enqueue(new) })
    }

    func run() async throws {
        await runWorkers(queue: queue, count: 10, logger: context.logger) { [self] name in try await sync(name) }
    }

    private func sync(_ name: String) async throws {
        guard let namespace = namespaces.get(name), namespace.metadata.deletionTimestamp != nil,
            namespace.spec.finalizers.contains(Self.finalizer)
        else { return }
        let outcome = try await deleteContent(of: name)
        if let problem = outcome.problem {
            try await setConditions(namespace, outcome)
            throw problem
        }
        guard outcome.remaining.isEmpty else {
            try await setConditions(namespace, outcome)
            // What remains waits for finalizers or for pods to end.
            queue.add(name, after: .seconds(outcome.remaining["pods"] == nil ? 1 : 2))
            return
        }
        try await finalize(namespace)
    }

    private struct Outcome {
        /// Objects left, by resource.
        var remaining: [String: Int] = [:]
        /// Objects left that have finalizers, by finalizer.
        var finalizers: [String: Int] = [:]
        var problem: (any Error)?
    }

    /// Asks for the deletion of everything in the namespace: pods first, and the rest when they are gone, since they may need it.
    private func deleteContent(of namespace: String) async throws -> Outcome {
        var outcome = Outcome()
        let resources = try await discovery.resources().filter { $0.type.namespaced && $0.verbs.contains("delete") && $0.verbs.contains("list") }
        let pods = resources.filter { $0.type.group.isEmpty && $0.type.plural == "pods" }
        for resource in pods { await deleteAll(resource, namespace, &outcome) }
        guard outcome.remaining.isEmpty, outcome.problem == nil else { return outcome }
        for resource in resources where !pods.contains(resource) { await deleteAll(resource, namespace, &outcome) }
        return outcome
    }

    private func deleteAll(_ resource: DiscoveredResource, _ namespace: String, _ outcome: inout Outcome) async {
        let path = resource.type.path(namespace: namespace, name: nil, subresource: nil)
        do {
            var items = try await client.get(path: path)["items"]?.arrayValue ?? []
            guard !items.isEmpty else { return }
            if resource.verbs.contains("deletecollection") {
                _ = try await client.send("DELETE", path)
            } else {
                for item in items {
                    guard let name = item["metadata"]?["name"]?.stringValue else { continue }
                    _ = try await client.send("DELETE", resource.type.path(namespace: namespace, name: name, subresource: nil))
                }
            }
            items = try await client.get(path: path)["items"]?.arrayValue ?? []
            guard !items.isEmpty else { return }
            outcome.remaining[resource.type.groupResource] = items.count
            for item in items {
                for finalizer in item["metadata"]?["finalizers"]?.arrayValue ?? [] {
                    outcome.finalizers[finalizer.stringValue ?? "", default: 0] += 1
                }
            }
        } catch let error as APIStatusError where error.isNotFound || error.code == 405 {
            // The resource went away, or can't be deleted by anybody.
        } catch {
            outcome.problem = error
        }
    }

    private var client: Client { context.client }

    /// Takes our finalizer out; the server removes the namespace with the last one.
    private func finalize(_ namespace: Namespace) async throws {
        var namespace = namespace
        namespace.spec.finalizers.removeAll { $0 == Self.finalizer }
        do {
            _ = try await client.update(namespace, subresource: "finalize")
        } catch let error as APIStatusError where error.isNotFound {}
    }

    private func setConditions(_ namespace: Namespace, _ outcome: Outcome) async throws {
        var updated = namespace
        func listing(_ counts: [String: Int], _ word: (String, Int) -> String) -> String {
            counts.sorted { $0.key < $1.key }.map(word).joined(separator: ", ")
        }
        updated.status.set(
            "NamespaceDeletionContentFailure", outcome.problem == nil ? "False" : "True",
            outcome.problem == nil ? "ContentDeleted" : "ContentDeletionFailed",
            outcome.problem.map { "\($0)" } ?? "All content successfully deleted, may be waiting on finalization", now: context.now)
        updated.status.set(
            "NamespaceContentRemaining", outcome.remaining.isEmpty ? "False" : "True",
            outcome.remaining.isEmpty ? "ContentRemoved" : "SomeResourcesRemain",
            outcome.remaining.isEmpty
                ? "All content successfully removed"
                : "Some resources are remaining: " + listing(outcome.remaining) { "\($0) has \($1) resource instances" }, now: context.now)
        updated.status.set(
            "NamespaceFinalizersRemaining", outcome.finalizers.isEmpty ? "False" : "True",
            outcome.finalizers.isEmpty ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
            outcome.finalizers.isEmpty
                ? "All content-preserving finalizers finished"
                : "Some content in the namespace has finalizers remaining: "
                    + listing(outcome.finalizers) { "\($0) in \($1) resource instances" }, now: context.now)
        guard updated.status.jsonBytes() != namespace.status.jsonBytes() else { return }
        do {
            _ = try await client.update(updated, subresource: "status")
        } catch let error as APIStatusError where error.isNotFound || error.isConflict {}
    }
}

extension NamespaceStatus {
    fileprivate mutating func set(_ type: String, _ status: String, _ reason: String, _ message: String, now: Int64) {
        var condition = NamespaceCondition()
        condition.type = type
        condition.status = status
        condition.reason = reason
        condition.message = message
        condition.lastTransitionTime = Time(seconds: now)
        if let index = conditions.firstIndex(where: { $0.type == type }) {
            if conditions[index].status == status { condition.lastTransitionTime = conditions[index].lastTransitionTime }
            conditions[index] = condition
        } else {
            conditions.append(condition)
        }
    }
}
