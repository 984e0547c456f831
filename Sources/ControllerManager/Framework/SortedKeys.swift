import JSON

extension JSONValue {
    /// The same document with the keys of every object in order, so that equal documents have equal bytes.
    var withSortedKeys: JSONValue {
        switch self {
        case .array(let items):
            return .array(items.map(\.withSortedKeys))
        case .object(let object):
            var sorted = JSONObject()
            for (key, value) in object.sorted(by: { $0.key < $1.key }) { sorted[key] = value.withSortedKeys }
            return .object(sorted)
        default:
            return self
        }
    }
}
