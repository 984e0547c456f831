import JSON

/// Objects without anything but their metadata.
enum PartialMetadata {
    static func object(_ object: JSONValue, version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": object["metadata"] ?? [:],
        ]
    }

    static func list(_ objects: [JSONValue], _ metadata: JSONValue, version: String) -> JSONValue {
        [
            "kind": "PartialObjectMetadataList", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            "items": .array(objects),
        ]
    }
}
