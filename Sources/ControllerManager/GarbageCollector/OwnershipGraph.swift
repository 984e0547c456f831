import KubernetesAPI
import Synchronization

/// Which object is owned by which, as far as the watches have told.
///
/// Thread-safe. Owners that were named but not seen are in it as the uid under which their dependents are listed.
final class OwnershipGraph: Sendable {
    struct Node: Sendable {
        var resource: ResourceType
        var namespace: String
        var name: String
        var uid: String
        var owners: [OwnerReference]
        var finalizers: [String]
        var isDeleting: Bool

        var isForegroundDeleting: Bool { isDeleting && finalizers.contains("foregroundDeletion") }
        var isOrphaning: Bool { isDeleting && finalizers.contains("orphan") }
    }

    private struct State {
        var nodes: [String: Node] = [:]
        var dependents: [String: Set<String>] = [:]
        /// The uids of each resource, for when its watch starts anew.
        var members: [ResourceType: Set<String>] = [:]
    }

    private let state = Mutex(State())

    func node(_ uid: String) -> Node? { state.withLock { $0.nodes[uid] } }

    func dependents(of uid: String) -> [Node] {
        state.withLock { state in (state.dependents[uid] ?? []).compactMap { state.nodes[$0] } }
    }

    /// Notes an object's present state.
    /// - Returns: the uids whose situation may have changed by it.
    func update(_ metadata: ObjectMeta, _ resource: ResourceType) -> Set<String> {
        guard let uid = metadata.uid else { return [] }
        let node = Node(
            resource: resource, namespace: metadata.namespace ?? "", name: metadata.name ?? "", uid: uid, owners: metadata.ownerReferences,
            finalizers: metadata.finalizers, isDeleting: metadata.deletionTimestamp != nil)
        return state.withLock { state in
            var affected: Set<String> = []
            let before = state.nodes[uid]
            let oldOwners = Set(before?.owners.map(\.uid) ?? [])
            let newOwners = Set(node.owners.map(\.uid))
            for owner in oldOwners.subtracting(newOwners) {
                state.dependents[owner]?.remove(uid)
                affected.insert(owner)
            }
            for owner in newOwners.subtracting(oldOwners) { state.dependents[owner, default: []].insert(uid) }
            state.nodes[uid] = node
            state.members[resource, default: []].insert(uid)
            // Most changes are of the status.
            let isNews = before == nil || before?.isDeleting != node.isDeleting || before.map { references($0) != references(node) } == true
            if !newOwners.isEmpty, isNews { affected.insert(uid) }
            if node.isForegroundDeleting || node.isOrphaning { affected.insert(uid) }
            // An owner that waits for its dependents to go looks again when one stops blocking or starts to go.
            if before?.isDeleting != node.isDeleting || before.map({ blocking($0) != blocking(node) }) == true { affected.formUnion(newOwners) }
            return affected
        }
    }

    private func references(_ node: Node) -> [String] {
        node.owners.map { "\($0.uid) \($0.blockOwnerDeletion == true)" }
    }

    private func blocking(_ node: Node) -> Set<String> {
        Set(node.owners.filter { $0.blockOwnerDeletion == true }.map(\.uid))
    }

    /// Forgets an object that is gone.
    /// - Returns: the uids whose situation may have changed by it: its dependents, and owners that waited for it.
    func remove(_ uid: String) -> Set<String> {
        state.withLock { state in
            guard let node = state.nodes.removeValue(forKey: uid) else { return [] }
            state.members[node.resource]?.remove(uid)
            var affected = state.dependents[uid] ?? []
            for owner in node.owners {
                state.dependents[owner.uid]?.remove(uid)
                if state.dependents[owner.uid]?.isEmpty == true { state.dependents[owner.uid] = nil }
                affected.insert(owner.uid)
            }
            if affected.isEmpty { state.dependents[uid] = nil }
            return affected
        }
    }

    /// The objects of a resource that are not in a fresh list of it.
    func missing(from uids: Set<String>, _ resource: ResourceType) -> Set<String> {
        state.withLock { ($0.members[resource] ?? []).subtracting(uids) }
    }
}
