import JSON
import KubernetesAPI
import KubernetesClient

extension GarbageCollector {
    /// Looks at one object: whether it goes, waits for its dependents, or lets them go.
    func sync(_ uid: String) async throws {
        guard let node = graph.node(uid) else { return }
        if node.isOrphaning { return try await orphan(node) }
        if node.isForegroundDeleting { try await continueForegroundDeletion(node) }
        guard !node.owners.isEmpty, !(node.isDeleting && !node.isForegroundDeleting) else { return }
        try await deleteIfUnowned(node)
    }

    private enum OwnerState {
        case solid
        case dangling
        /// Being deleted in the foreground, and so waiting for this object to go.
        case waiting
    }

    private func deleteIfUnowned(_ node: OwnershipGraph.Node) async throws {
        if node.isDeleting { return }
        var solid: [OwnerReference] = []
        var dangling: [OwnerReference] = []
        var waiting: [OwnerReference] = []
        for owner in node.owners {
            switch try await state(of: owner, for: node) {
            case .solid: solid.append(owner)
            case .dangling: dangling.append(owner)
            case .waiting: waiting.append(owner)
            }
        }
        if !solid.isEmpty {
            guard !dangling.isEmpty || !waiting.isEmpty else { return }
            return try await removeReferences(node, to: Set((dangling + waiting).map(\.uid)))
        }
        // Before deleting, the server has the last word on what the object is and who owns it.
        guard let live = try await liveMetadata(node), live.uid == node.uid else {
            for uid in graph.remove(node.uid) { queue.add(uid) }
            return
        }
        if Set(live.ownerReferences.map(\.uid)) != Set(node.owners.map(\.uid)) {
            for uid in graph.update(live, node.resource) { queue.add(uid) }
            return
        }
        let policy: String
        if !waiting.isEmpty, !graph.dependents(of: node.uid).isEmpty {
            // In a cycle somebody has to stop waiting.
            if graph.dependents(of: node.uid).contains(where: \.isForegroundDeleting) { try await unblock(node) }
            policy = "Foreground"
        } else if live.finalizers.contains("orphan") {
            policy = "Orphan"
        } else if live.finalizers.contains("foregroundDeletion") {
            policy = "Foreground"
        } else {
            policy = "Background"
        }
        try await delete(node, policy: policy)
    }

    private func state(of owner: OwnerReference, for node: OwnershipGraph.Node) async throws -> OwnerState {
        if let known = graph.node(owner.uid), known.namespace.isEmpty || known.namespace == node.namespace {
            return known.isForegroundDeleting && owner.blockOwnerDeletion == true ? .waiting : .solid
        }
        // Not in the graph: it may be gone, of a resource that is not followed, or not yet seen.
        guard let resource = resources.resource(owner) else { throw UnknownOwnerKind(owner: owner) }
        let namespace = resource.namespaced ? node.namespace : nil
        if resource.namespaced, node.namespace.isEmpty { return .dangling }
        let path = resource.path(namespace: namespace, name: owner.name, subresource: nil)
        do {
            let found = try await context.client.get(path: path)
            return found["metadata"]?["uid"]?.stringValue == owner.uid ? .solid : .dangling
        } catch let error as APIStatusError where error.isNotFound {
            return .dangling
        }
    }

    /// Deletes the dependents that block the object; without any, its finalizer goes.
    private func continueForegroundDeletion(_ node: OwnershipGraph.Node) async throws {
        let blocking = graph.dependents(of: node.uid).filter { dependent in
            dependent.owners.contains { $0.uid == node.uid && $0.blockOwnerDeletion == true }
        }
        if blocking.isEmpty { return try await removeFinalizer(node, "foregroundDeletion") }
        for dependent in blocking where !dependent.isDeleting { queue.add(dependent.uid) }
    }

    private func orphan(_ node: OwnershipGraph.Node) async throws {
        for dependent in graph.dependents(of: node.uid) { try await removeReferences(dependent, to: [node.uid]) }
        try await removeFinalizer(node, "orphan")
    }

    private func unblock(_ node: OwnershipGraph.Node) async throws {
        guard let live = try await liveMetadata(node), live.uid == node.uid else { return }
        let references = live.ownerReferences.map { reference in
            var reference = reference
            reference.blockOwnerDeletion = false
            return reference.tree()
        }
        try await patch(node, ["ownerReferences": .array(references), "resourceVersion": .string(live.resourceVersion ?? "")])
    }

    private func removeReferences(_ node: OwnershipGraph.Node, to owners: Set<String>) async throws {
        guard let live = try await liveMetadata(node), live.uid == node.uid else { return }
        let left = live.ownerReferences.filter { !owners.contains($0.uid) }
        guard left.count != live.ownerReferences.count else { return }
        try await patch(
            node,
            [
                "ownerReferences": left.isEmpty ? .null : .array(left.map { $0.tree() }),
                "resourceVersion": .string(live.resourceVersion ?? ""),
            ])
    }

    private func removeFinalizer(_ node: OwnershipGraph.Node, _ finalizer: String) async throws {
        guard let live = try await liveMetadata(node), live.uid == node.uid, live.finalizers.contains(finalizer) else { return }
        let left = live.finalizers.filter { $0 != finalizer }.map { JSONValue.string($0) }
        try await patch(
            node, ["finalizers": left.isEmpty ? .null : .array(left), "resourceVersion": .string(live.resourceVersion ?? "")])
    }

    // MARK: Requests

    private func path(_ node: OwnershipGraph.Node) -> String {
        node.resource.path(namespace: node.namespace.isEmpty ? nil : node.namespace, name: node.name, subresource: nil)
    }

    private func liveMetadata(_ node: OwnershipGraph.Node) async throws -> ObjectMeta? {
        do {
            let response = try await context.client.send("GET", path(node))
            return try PartialObject(jsonBytes: response.body).metadata
        } catch let error as APIStatusError where error.isNotFound {
            return nil
        }
    }

    /// A patch of the metadata on condition of the version it was made from.
    private func patch(_ node: OwnershipGraph.Node, _ metadata: JSONValue) async throws {
        do {
            let body = JSONValue.object(["metadata": metadata]).serialized()
            _ = try await context.client.send("PATCH", path(node), body, contentType: "application/merge-patch+json")
        } catch let error as APIStatusError where error.isNotFound {}
    }

    private func delete(_ node: OwnershipGraph.Node, policy: String) async throws {
        let options: JSONValue = [
            "kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": .string(policy), "preconditions": ["uid": .string(node.uid)],
        ]
        do {
            _ = try await context.client.send("DELETE", path(node), options.serialized())
        } catch let error as APIStatusError where error.isNotFound {
            for uid in graph.remove(node.uid) { queue.add(uid) }
        }
    }
}

/// An owner of a kind that the server does not have: nothing is deleted on a guess.
struct UnknownOwnerKind: Error, CustomStringConvertible {
    var owner: OwnerReference
    var description: String { "the owner \(owner.kind) \"\(owner.name)\" of \(owner.apiVersion) is of a kind the server does not know" }
}
