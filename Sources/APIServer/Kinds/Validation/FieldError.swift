package import JSON

/// One thing that is wrong with one field of an object, worded as upstream words it.
package struct FieldError: Sendable {
    /// The sorts of mistakes; the raw value is the `reason` of the cause in a Status.
    package enum Kind: String, Sendable {
        case notFound = "FieldValueNotFound"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
        case internalError = "InternalError"

        var words: String {
            switch self {
            case .notFound: "Not found"
            case .required: "Required value"
            case .duplicate: "Duplicate value"
            case .invalid, .typeInvalid: "Invalid value"
            case .notSupported: "Unsupported value"
            case .forbidden: "Forbidden"
            case .tooLong: "Too long"
            case .tooMany: "Too many"
            case .internalError: "Internal error"
            }
        }

        var showsValue: Bool {
            switch self {
            case .required, .forbidden, .tooLong, .internalError: false
            default: true
            }
        }
    }

    package let kind: Kind
    package let field: String
    package let value: JSONValue?
    package let detail: String

    package init(_ kind: Kind, _ path: FieldPath, value: JSONValue? = nil, _ detail: String = "") {
        self.kind = kind
        self.field = path.description
        self.value = value
        self.detail = detail
    }

    /// What is wrong, without the place: `Invalid value: "x": must be ...`.
    package var body: String {
        var text = kind.words
        if kind.showsValue { text += ": " + Self.shown(value) }
        if !detail.isEmpty { text += ": " + detail }
        return text
    }

    /// Place and mistake: `spec.replicas: Invalid value: -1: must be greater than or equal to 0`.
    package var description: String { "\(field): \(body)" }

    private static func shown(_ value: JSONValue?) -> String {
        guard let value else { return "null" }
        return String(decoding: value.serialized(), as: UTF8.self)
    }
}

/// Collects what is wrong while an object is walked. Used by one thread for the length of one validation.
final class FieldErrors {
    private(set) var list: [FieldError] = []
    /// Whether fields know where they stand. To know it costs an allocation for each field looked at, and it is only told when something is wrong.
    let tracksPaths: Bool

    init(tracksPaths: Bool = true) { self.tracksPaths = tracksPaths }

    func add(_ error: FieldError) { list.append(error) }

    var isEmpty: Bool { list.isEmpty }

    /// Runs checks, which must be the same each time; only if they find something, they are run again to find out where.
    static func collect(_ checks: (FieldErrors) -> Void) -> [FieldError] {
        let first = FieldErrors(tracksPaths: false)
        checks(first)
        if first.isEmpty { return [] }
        let second = FieldErrors()
        checks(second)
        return second.list
    }
}
