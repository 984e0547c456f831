import KubernetesAPI

/// The fields that the server puts back through a view of an object, whatever a client sends: nobody comes to own them there.
enum ResetFields {
    /// What stays of a set of fields.
    typealias Filter = @Sendable (FieldSet) -> FieldSet

    private static let all: Filter = { set in set }
    private static let status = FieldSet([.field("status")])
    private static let spec = FieldSet([.field("spec")])

    static func filter(_ resource: ServedResource, subresource: String) -> Filter {
        let name = KindTable.name(resource.storage.type)
        switch subresource {
        case "":
            guard hasStatus(resource) else { return all }
            return { set in set.recursiveDifference(status) }
        case "status":
            let excluded = spec.union(statusExceptions[name] ?? FieldSet())
            return { set in set.recursiveDifference(excluded) }
        default:
            guard let places = included["\(name)/\(subresource)"] else { return all }
            return { set in set.including(places) }
        }
    }

    /// The member of the object that is put back as a whole.
    static func passedOver(_ resource: ServedResource, subresource: String) -> String? {
        switch subresource {
        case "": hasStatus(resource) ? "status" : nil
        case "status": "spec"
        default: nil
        }
    }

    /// Whether the object's own door leaves the status alone.
    static func hasStatus(_ resource: ServedResource) -> Bool { resource.subresources.contains("status") }

    /// What the status door puts back beside the spec.
    private static let statusExceptions: [String: FieldSet] = [
        "pods": FieldSet([.field("metadata"), .field("deletionTimestamp")], [.field("metadata"), .field("ownerReferences")]),
        "deployments.apps": FieldSet([.field("metadata"), .field("labels")]),
    ]

    /// Doors through which only some places can be changed.
    private static let included: [String: [[PathElement?]]] = [
        "pods/ephemeralcontainers": [[.field("spec"), .field("ephemeralContainers")]],
        "pods/resize": ["containers", "initContainers"].flatMap { list in
            ["resources", "resizePolicy"].map { [.field("spec"), .field(list), nil, .field($0)] }
        },
        "namespaces/finalize": [[.field("spec")], [.field("metadata")]],
        "certificatesigningrequests.certificates.k8s.io/approval": [[.field("metadata")], [.field("status"), .field("conditions")]],
    ]
}
