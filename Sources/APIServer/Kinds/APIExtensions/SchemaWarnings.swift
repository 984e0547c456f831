import JSON
import KubernetesAPI

/// What in a definition's schemas is allowed and does nothing.
enum SchemaWarnings {
    static func all(_ definition: JSONValue) -> [String] {
        var warnings: [String] = []
        for version in definition.list("spec", "versions") {
            guard let schema = version.at("schema", "openAPIV3Schema") else { continue }
            walk(schema) { node in
                let (type, format) = (node.text("type"), node.text("format"))
                if format.isEmpty || formats[type.isEmpty ? "string" : type]?.contains(format.filter { $0 != "-" }) == true { return }
                warnings.append("unrecognized format \(goQuoted(format))")
            }
        }
        return warnings
    }

    /// By the type of the value, without dashes.
    private static let formats: [String: Set<String>] = [
        "string": [
            "bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13",
            "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration", "datetime", "k8sshortname", "k8slongname",
        ],
        "integer": ["int32", "int64"], "number": ["float", "double"],
    ]

    private static func walk(_ schema: JSONValue, _ visit: (JSONValue) -> Void) {
        guard schema.objectValue != nil else { return }
        visit(schema)
        for name in ["items", "not", "additionalProperties", "additionalItems"] { if let inner = schema[name] { walk(inner, visit) } }
        for name in ["items", "allOf", "anyOf", "oneOf"] { for inner in schema.list(name) { walk(inner, visit) } }
        for name in ["properties", "patternProperties", "definitions", "dependencies"] {
            for (_, inner) in schema[name]?.objectValue ?? [:] { walk(inner, visit) }
        }
    }
}
