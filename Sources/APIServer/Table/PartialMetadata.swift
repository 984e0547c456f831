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

extension PartialMetadata {
    /// The same from an object's bytes, which are not taken apart for it; nil when they have no metadata.
    static func bytes(of entry: WatchCacheEntry, version: String) -> [UInt8]? {
        entry.scan { scan in
            scan.withBytes(at: ["metadata"]) { metadata in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(metadata.count + 96)
                bytes += #"{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/"#.utf8
                bytes += version.utf8
                bytes += #"","metadata":"#.utf8
                bytes += metadata
                bytes.append(UInt8(ascii: "}"))
                return bytes
            }
        }
    }
}
