import JSON
package import KubernetesAPI

/// Where the objects of one resource are kept, in one version, whatever the versions in which they are served.
final class ObjectStorage: Sendable {
    /// The resource in the version that is stored.
    let type: ResourceType
    let strategy: Strategy
    let cache: WatchCache

    init(type: ResourceType, strategy: Strategy, cache: WatchCache) {
        self.type = type
        self.strategy = strategy
        self.cache = cache
    }

    var scope: ResourceScope { cache.scope }

    func key(namespace: String, name: String) -> String { scope.key(namespace: namespace, name: name) }

    func entry(namespace: String, name: String) -> WatchCacheEntry? { cache.entry(key: key(namespace: namespace, name: name)) }
}

/// One resource in one version, as clients address it.
package struct ServedResource: Sendable {
    package let type: ResourceType
    package let shortNames: [String]
    package let categories: [String]
    package let verbs: [String]
    package let subresources: [String]
    let storage: ObjectStorage
    /// nil when this is the version that is stored.
    let conversion: VersionConversion?
    /// The types of fields in this version; nil when nothing is known of them.
    let schema: Schema?
    /// The `Warning` that everybody gets who uses what will go; nil: none.
    let deprecation: String?
    /// Labels of field selectors that bear other names in this version, with the stored version's names.
    let storedFieldLabels: [String: String]

    var strategy: Strategy { storage.strategy }

    // MARK: Messages about this resource

    func notFound(_ name: String) -> APIStatus { .notFound(group: type.group, resource: type.plural, name: name) }
    func stale(_ name: String) -> APIStatus { .staleRevision(group: type.group, resource: type.plural, name: name) }
    func conflict(_ name: String, _ why: String) -> APIStatus { .conflict(group: type.group, resource: type.plural, name: name, why) }
    func alreadyExists(_ name: String) -> APIStatus { .alreadyExists(group: type.group, resource: type.plural, name: name) }
    func forbidden(_ name: String, _ why: String) -> APIStatus { .forbidden(group: type.group, resource: type.plural, name: name, why) }
    func invalid(_ name: String, _ errors: [FieldError]) -> APIStatus { .invalid(group: type.group, kind: type.kind, name: name, errors) }
    func notSupported(_ verb: String) -> APIStatus { .methodNotSupported(group: type.group, resource: type.plural, verb: verb) }

    // MARK: Versions

    /// The stored form of an object that a client sent in this version.
    func toStorage(_ object: inout JSONValue) { conversion?.toStorage(&object) }

    /// An object in this version, from its stored form.
    func fromStorage(_ object: JSONValue) -> JSONValue {
        guard let conversion else { return object }
        var object = object
        conversion.fromStorage(&object)
        return object
    }

    /// The bytes of a stored object in this version.
    func bytes(of entry: WatchCacheEntry) -> [UInt8] { conversion == nil ? entry.bytes : fromStorage(entry.tree).serialized() }
}
