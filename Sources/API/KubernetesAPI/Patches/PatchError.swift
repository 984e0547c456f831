import JSON

/// Why a patch could not be applied.
package struct PatchError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The patch itself is wrong (400).
        case malformed
        /// The patch is well-formed and does not fit the object (422).
        case notApplicable
        /// The patch is bigger than is allowed (413).
        case tooLarge
        /// The object or the patch breaks an assumption of merging, such as a missing merge key (500 upstream).
        case inconsistent
    }

    package let kind: Kind
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

extension JSONValue {
    /// The value as Go's `%v` prints it, for messages that clients compare: `map[a:1 b:[x y]]`.
    var goDescription: String {
        switch self {
        case .null: "<nil>"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .number(let value): value.text
        case .string(let value): value
        case .array(let elements): "[\(elements.map(\.goDescription).joined(separator: " "))]"
        case .object(let object): object.goDescription
        }
    }

    /// The name of the value's type in Go, likewise.
    var goTypeName: String {
        switch self {
        case .null: "%!s(<nil>)"
        case .bool: "bool"
        case .integer: "int64"
        case .number: "float64"
        case .string: "string"
        case .array: "[]interface {}"
        case .object: "map[string]interface {}"
        }
    }
}

extension JSONObject {
    var goDescription: String {
        "map[\(sortedByKey().map { "\($0.key):\($0.value.goDescription)" }.joined(separator: " "))]"
    }
}
