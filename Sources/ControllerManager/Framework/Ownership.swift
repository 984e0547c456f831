import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient

extension OwnerReference {
    /// The reference by which an object marks `owner` as its one controller.
    init(controller owner: some KubernetesResource) {
        self.init()
        let resource = type(of: owner).resource
        apiVersion = resource.apiVersion
        kind = resource.kind
        name = owner.metadata.name ?? ""
        uid = owner.metadata.uid ?? ""
        controller = true
        blockOwnerDeletion = true
    }
}

extension ObjectMeta {
    /// The reference to the controller that manages this object, if one does.
    var controllerReference: OwnerReference? { ownerReferences.first { $0.controller == true } }

    func isControlled(by owner: ObjectMeta) -> Bool {
        guard let uid = owner.uid else { return false }
        return controllerReference?.uid == uid
    }
}

/// Decides which objects belong to a controller, by owner reference and selector, and mends the references where they disagree.
struct Claims<Owner: KubernetesResource, Object: KubernetesResource>: Sendable {
    var owner: Owner
    var selector: Selector
    var client: Client
    /// Given to what is adopted.
    var finalizers: [String] = []

    /// The objects of the owner among `candidates`: owned ones that match are kept, owned ones that match no longer are released, and
    /// matching ones without a controller are adopted.
    func claim(_ candidates: [Object]) async throws -> [Object] {
        var claimed: [Object] = []
        var mayAdopt: Bool?
        for object in candidates {
            let matches = selector.matches(object.metadata.labels)
            if let reference = object.metadata.controllerReference {
                guard reference.uid == owner.metadata.uid else { continue }
                if matches {
                    claimed.append(object)
                } else if owner.metadata.deletionTimestamp == nil {
                    try await release(object)
                }
            } else if matches, owner.metadata.deletionTimestamp == nil, object.metadata.deletionTimestamp == nil {
                if mayAdopt == nil { mayAdopt = try await isStillAlive() }
                if mayAdopt == true, let adopted = try await adopt(object) { claimed.append(adopted) }
            }
        }
        return claimed
    }

    /// The informer's copy may be of an owner that was deleted and made anew: before adopting for it, ask the server.
    private func isStillAlive() async throws -> Bool {
        do {
            let fresh = try await client.get(Owner.self, owner.metadata.name ?? "", namespace: owner.metadata.namespace)
            return fresh.metadata.uid == owner.metadata.uid && fresh.metadata.deletionTimestamp == nil
        } catch let error as APIStatusError where error.isNotFound {
            return false
        }
    }

    private func adopt(_ object: Object) async throws -> Object? {
        let reference = OwnerReference(controller: owner).tree()
        var metadata: JSONValue = ["ownerReferences": [reference], "uid": .string(object.metadata.uid ?? "")]
        if !finalizers.isEmpty { metadata["finalizers"] = .array(finalizers.map { .string($0) }) }
        return try await patch(object, metadata)
    }

    private func release(_ object: Object) async throws {
        let removal: JSONValue = ["$patch": "delete", "uid": .string(owner.metadata.uid ?? "")]
        _ = try await patch(object, ["ownerReferences": [removal], "uid": .string(object.metadata.uid ?? "")])
    }

    /// Patches the metadata; nil when the object is gone. One that was replaced by another of its name is a conflict, as any other change.
    private func patch(_ object: Object, _ metadata: JSONValue) async throws -> Object? {
        do {
            return try await client.patch(
                Object.self, object.metadata.name ?? "", namespace: object.metadata.namespace, .strategic(["metadata": metadata]))
        } catch let error as APIStatusError where error.isNotFound || error.isInvalid {
            return nil
        }
    }
}
