import JSON
import KubernetesAPI

/// What is special about one kind. Everything else is the same for all kinds; a kind without special rules uses `Strategy()`.
///
/// The functions work on the object in the version in which it is stored, on any thread, and don't block. They run in this order on the road of a write:
/// `defaults`, `prepareCreate` or `prepareUpdate`, admission, `validate` (and `validateUpdate`), `allocate`.
package struct Strategy: Sendable {
    typealias Edit = @Sendable (inout JSONValue) -> Void

    /// The rule for names; complaints in upstream's words.
    var name: @Sendable (String) -> [String] = { NameValidation.dns1123Subdomain($0) }
    /// Fills in what the client left out. Must be idempotent: patched objects take it again.
    var defaults: Edit = { _ in }
    /// Whether `defaults` fills in the status as well.
    var defaultsStatus = false
    /// What the server sets, clears or normalizes in a new object.
    var prepareCreate: @Sendable (inout JSONValue, WriteContext) -> Void = { _, _ in }
    /// What the server sets, keeps or normalizes in a changed object.
    var prepareUpdate: @Sendable (inout JSONValue, _ old: JSONValue, WriteContext) -> Void = { _, _, _ in }
    /// The rules that every object of the kind keeps.
    var validate: @Sendable (Field) -> Void = { _ in }
    /// Further rules of a change. `validate` runs as well, unless `validatesChangesOnly`.
    var validateUpdate: @Sendable (Field, _ old: JSONValue) -> Void = { _, _ in }
    var validatesChangesOnly = false
    /// What is allowed and had better not be; for `Warning` headers. Of a new object there is no old one.
    var warnings: @Sendable (JSONValue, _ old: JSONValue?) -> [String] = { _, _ in [] }

    /// The status of a new object; nil for kinds whose new objects bear none.
    var emptyStatus: JSONValue? = [:]
    /// New objects keep the status that the client sent (nodes register with it).
    var createKeepsStatus = false
    /// Puts right what a status write may not change, beyond keeping everything outside metadata and status.
    var prepareStatusUpdate: @Sendable (inout JSONValue, _ old: JSONValue) -> Void = { _, _ in }
    /// Fills in the times of what has changed in a status, behind `prepareStatusUpdate` and the doors of `updateSubresources`.
    var stampStatus: @Sendable (inout JSONValue, _ old: JSONValue, _ now: String) -> Void = { _, _, _ in }
    var validateStatusUpdate: @Sendable (Field, _ old: JSONValue) -> Void = { _, _ in }

    /// The parts whose change counts up `metadata.generation`; empty when the kind has no generation.
    var generation: [[String]] = []
    /// A PUT without a resourceVersion overwrites whatever is there.
    var unconditionalUpdate = true
    /// A PUT of an object that is not there creates it.
    var createOnUpdate = false
    /// Deleting with options that say nothing leaves dependents behind.
    var orphansByDefault = false
    /// Objects vanish by themselves after this time.
    var timeToLive: Duration?
    /// The time that a deletion gives the object to end by itself; nil: none, deleted objects are gone at once.
    var gracePeriod: (@Sendable (JSONValue, _ requested: Int64?) -> Int64)?

    /// Further views of an object that can be read and updated: `pods/ephemeralcontainers`, `namespaces/finalize`.
    var updateSubresources: [String: UpdateSubresource] = [:]
    /// Where `scale` finds its numbers; nil when the kind can't be scaled.
    var scale: ScaleView?

    /// The labels of field selectors beyond `metadata.name` and `metadata.namespace`, each with how to read it.
    var selectableFields: [String: @Sendable (JSONValue) -> String] = [:]
    /// Deleting answers with the object that was deleted, not with a Status.
    var returnsDeleted = false
    /// Whether nothing but time holds a deleted object back.
    var isReleased: @Sendable (JSONValue) -> Bool = { $0.list("metadata", "finalizers").isEmpty }
    /// What deletion changes in an object that stays for a while, beside its timestamps.
    var markDeleted: Edit = { _ in }

    /// How `kubectl get` shows the kind.
    var table: TableView = .nameAndAge

    /// Picks what the server hands out from a range (addresses, ports). May be asked again after a collision.
    var allocate: (@Sendable (inout JSONValue, _ old: JSONValue?, WriteContext) throws(APIStatus) -> Void)?
    /// Keys of the store that exist exactly as long as the object holds them, written in one transaction with the object.
    var holds: (@Sendable (JSONValue, _ now: String) -> [HeldKey])?

    package init() {}

    init(_ build: (inout Strategy) -> Void) { build(&self) }
}

/// A key of the store that belongs to an object: an address or a port that no other object may hold.
struct HeldKey: Sendable {
    let key: String
    let value: [UInt8]
    /// What to say when another object holds it.
    let taken: FieldError
}

/// A view of an object through which only some of its fields can be changed.
struct UpdateSubresource: Sendable {
    /// Puts back everything that this view may not change.
    var prepare: @Sendable (inout JSONValue, _ old: JSONValue) -> Void
    var validate: @Sendable (Field, _ old: JSONValue) -> Void = { _, _ in }

    /// Keeps the whole old object but for some parts.
    static func only(_ paths: [[String]]) -> UpdateSubresource {
        UpdateSubresource(prepare: { new, old in
            var merged = old
            for path in paths { merged.setPath(path[...], new.valueAtPath(path[...])) }
            merged["metadata"] = new["metadata"]
            new = merged
        })
    }
}

/// Where the numbers of a `Scale` stand in an object.
struct ScaleView: Sendable {
    var specReplicas: [String] = ["spec", "replicas"]
    var statusReplicas: [String] = ["status", "replicas"]
    /// The selector as text.
    var selector: @Sendable (JSONValue) -> String = { LabelSelectorTree.text($0.at("spec", "selector") ?? .null) }
}

/// What a strategy may know of the write that it takes part in.
package struct WriteContext: Sendable {
    package let user: UserInfo
    /// The time of the request, as objects bear it.
    package let now: String
    package let dryRun: Bool
    /// The other objects of the cluster.
    let cluster: any ClusterView
}

/// A look at the current state of the cluster, from memory. Objects must not be changed; they are shared.
protocol ClusterView: Sendable {
    /// An object in its storage version, nil when there is none. `namespace` is empty for cluster-scoped kinds.
    func object(group: String, resource: String, namespace: String, name: String) -> JSONValue?
    /// All objects of a resource, in the order of their keys; of one namespace, or of all when `namespace` is nil.
    func objects(group: String, resource: String, namespace: String?) -> [JSONValue]
    var services: ServiceNetwork { get }
    /// Whether other servers write, too, so that this view may be behind.
    var isShared: Bool { get }
    /// A change of an object of the cluster that another write depends on; nil for a resource that is not there.
    func companion(_ object: JSONValue, group: String, resource: String) -> CompanionWrite?
}

extension JSONValue {
    func valueAtPath(_ path: ArraySlice<String>) -> JSONValue? {
        guard let first = path.first else { return self }
        return self[first]?.valueAtPath(path.dropFirst())
    }

    /// Sets or removes a value, making the objects on the way.
    mutating func setPath(_ path: ArraySlice<String>, _ value: JSONValue?) {
        guard let first = path.first else { return }
        if path.count == 1 {
            self[first] = value
        } else if value != nil || self[first] != nil {
            editOrMake(first) { $0.setPath(path.dropFirst(), value) }
        }
    }
}
