import JSON

/// The two forms of OpenAPI documents that clients ask for.
enum OpenAPIDialect: Sendable {
    /// One document for everything, `/openapi/v2`.
    case v2
    /// A document per group version, `/openapi/v3/apis/apps/v1`.
    case v3

    func reference(_ name: String) -> JSONValue {
        switch self {
        case .v2: ["$ref": .string("#/definitions/\(name)")]
        case .v3: ["$ref": .string("#/components/schemas/\(name)")]
        }
    }

    /// A reference with other members beside it, which in version 3 must not stand beside a `$ref`.
    func annotatedReference(_ name: String) -> JSONValue {
        switch self {
        case .v2: reference(name)
        case .v3: ["allOf": [reference(name)]]
        }
    }
}
