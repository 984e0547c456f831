package import JSON

/// A typed object of the API. The empty value has no fields set; unknown members of what was read are kept and written back.
package protocol APIObject: JSONCodable {
    init()
}

extension APIObject {
    /// Makes an object and fills it in: `Pod { $0.metadata.name = "web" }`.
    package init<E: Error>(_ build: (inout Self) throws(E) -> Void) throws(E) {
        self.init()
        try build(&self)
    }
}

/// An object of a top-level kind. `apiVersion` and `kind` are constants of the type: always written, not stored.
package protocol KubernetesResource: APIObject {
    static var resource: ResourceType { get }
    var metadata: ObjectMeta { get set }
}
