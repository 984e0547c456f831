package import JSON

/// A change to an object, in one of the three forms every kind understands.
package enum Patch: Sendable {
    /// RFC 7386: members replace members, null removes.
    case merge(JSONValue)
    /// Like merge, but lists with a merge key are merged item by item. Not for custom resources.
    case strategic(JSONValue)
    /// RFC 6902: an array of operations.
    case json(JSONValue)

    package var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .strategic: "application/strategic-merge-patch+json"
        case .json: "application/json-patch+json"
        }
    }

    package var body: [UInt8] {
        switch self {
        case .merge(let value), .strategic(let value), .json(let value): value.serialized()
        }
    }
}
