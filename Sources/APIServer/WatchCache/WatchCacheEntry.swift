package import JSON
package import KubernetesAPI
package import Storage
import Synchronization

/// One object as it was at one revision: its bytes, and on demand what they say. Never changes; an update makes a new entry.
package final class WatchCacheEntry: Sendable {
    /// The key in the store.
    package let key: String
    /// The revision that wrote this state: the object's `resourceVersion`.
    package let resourceVersion: Int64
    /// The object as canonical JSON, `resourceVersion` included: what a reader is sent, as it is. A list is a join of these.
    package let bytes: [UInt8]

    /// Where in `bytes` the version's digits stand.
    private let versionDigits: Range<Int>
    /// How much of the key names the resource and not the object.
    private let prefixLength: Int
    /// What the cache's indexes file this entry under, in the order of the indexes.
    let indexValues: [[String]]
    private let lazy = Mutex(Lazy())

    /// What was made from the bytes so far.
    private struct Lazy {
        weak var tree: DecodedTree?
        var labels: ObjectLabels?
        var message: [UInt8]?
    }

    /// An entry for a value of the store.
    ///
    /// A value that is no object with metadata is damaged; it is not passed over but becomes an object with nothing but the metadata that the key
    /// tells, so that lists go on working and the object can be deleted. `isDamaged` tells.
    package convenience init(_ keyValue: KeyValue, scope: ResourceScope) {
        self.init(key: keyValue.key, value: keyValue.value, resourceVersion: keyValue.modRevision, scope: scope, indexes: [])
    }

    init(key: String, value: [UInt8], resourceVersion: Int64, scope: ResourceScope, indexes: [WatchCacheIndex]) {
        self.key = key
        self.resourceVersion = resourceVersion
        prefixLength = scope.prefix.utf8.count
        let made: VersionedBytes
        if let whole = VersionedBytes(value: value, version: resourceVersion) {
            made = whole
            isDamaged = false
        } else {
            made = Self.substitute(key: key, version: resourceVersion, scope: scope)
            isDamaged = true
        }
        bytes = made.bytes
        versionDigits = made.digits
        indexValues = indexes.map { index in made.bytes.withUnsafeBufferPointer { index.values(ObjectScan($0)) } }
    }

    private init(_ other: WatchCacheEntry, resourceVersion: Int64) {
        key = other.key
        self.resourceVersion = resourceVersion
        prefixLength = other.prefixLength
        isDamaged = other.isDamaged
        indexValues = other.indexValues
        let made = VersionedBytes(bytes: other.bytes, digits: other.versionDigits, version: resourceVersion)
        bytes = made.bytes
        versionDigits = made.digits
    }

    /// Whether the stored value could not be understood; see `init`.
    package let isDamaged: Bool

    /// The same state under another `resourceVersion`: how an object that leaves a watch is shown.
    package func withResourceVersion(_ version: Int64) -> WatchCacheEntry {
        WatchCacheEntry(self, resourceVersion: version)
    }

    /// nil for objects that live in no namespace.
    package var namespace: String? {
        let parts = key.utf8.dropFirst(prefixLength)
        return parts.firstIndex(of: UInt8(ascii: "/")).map { String(Substring(parts[..<$0])) }
    }

    package var name: String {
        let parts = key.utf8.dropFirst(prefixLength)
        let start = parts.firstIndex(of: UInt8(ascii: "/")).map { parts.index(after: $0) } ?? parts.startIndex
        return String(Substring(parts[start...]))
    }

    /// The object as a tree, `resourceVersion` included. Made when first asked for, shared, and kept for as long as it is among the ones used last.
    package var tree: JSONValue {
        if let made = lazy.withLock({ $0.tree }) { return made.value }
        // Outside the lock: two threads may both decode, which does no harm.
        let made = DecodedTree((try? JSONValue(parsing: bytes)) ?? .null)
        DecodedTrees.shared.keep(made)
        lazy.withLock { $0.tree = made }
        return made.value
    }

    /// The object's labels; made when first asked for and kept.
    package var labels: ObjectLabels {
        if let made = lazy.withLock({ $0.labels }) { return made }
        let made = bytes.withUnsafeBufferPointer { ObjectLabels(ObjectScan($0).texts(at: ["metadata", "labels"])) }
        lazy.withLock { $0.labels = made }
        return made
    }

    /// The object as a protobuf message; made when first asked for and kept.
    package func message(_ make: (JSONValue) throws(ProtobufError) -> [UInt8]) throws(ProtobufError) -> [UInt8] {
        if let made = lazy.withLock({ $0.message }) { return made }
        let made = try make(tree)
        lazy.withLock { $0.message = made }
        return made
    }

    /// Looks into the bytes without making a tree: the cheap way to single fields of many objects.
    package func scan<Result>(_ body: (ObjectScan) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(ObjectScan($0)) }
    }

    private static func substitute(key: String, version: Int64, scope: ResourceScope) -> VersionedBytes {
        let parts = key.dropFirst(scope.prefix.count).split(separator: "/", maxSplits: 1).map(String.init)
        var metadata: JSONValue = ["name": .string(parts.last ?? "")]
        if scope.namespaced, parts.count == 2 { metadata["namespace"] = .string(parts[0]) }
        let object: JSONValue = ["apiVersion": .string(scope.apiVersion), "kind": .string(scope.kind), "metadata": metadata]
        let value = object.serialized()
        return VersionedBytes(value: value, version: version)
            ?? VersionedBytes(bytes: Array(#"{"metadata":{"resourceVersion":"0"}}"#.utf8), digits: 32..<33, version: version)
    }
}

/// Which objects of the store make up a resource, and what kind they are.
package struct ResourceScope: Sendable {
    /// What all keys of the resource begin with, slash at the end: `/registry/pods/`.
    package var prefix: String
    package var namespaced: Bool
    package var apiVersion: String
    package var kind: String

    package init(prefix: String, namespaced: Bool, apiVersion: String, kind: String) {
        self.prefix = prefix
        self.namespaced = namespaced
        self.apiVersion = apiVersion
        self.kind = kind
    }

    /// The key of one object.
    package func key(namespace: String?, name: String) -> String {
        if namespaced, let namespace { return prefix + namespace + "/" + name }
        return prefix + name
    }

    /// What the keys of a namespace's objects begin with; of all objects when the namespace is nil.
    package func keyPrefix(namespace: String?) -> String {
        guard namespaced, let namespace else { return prefix }
        return prefix + namespace + "/"
    }
}
