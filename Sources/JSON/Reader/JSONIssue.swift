/// Something in a document that is no error, and that a strict reader wants to hear of.
package struct JSONIssue: Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        case unknownField
        case duplicateField
    }

    package var kind: Kind
    /// As `spec.containers[0].image`.
    package var path: String

    package init(_ kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// The words that clients see when they ask for strict field validation: `unknown field "spec.foo"`.
    package var description: String {
        switch kind {
        case .unknownField: "unknown field \(quoted(path))"
        case .duplicateField: "duplicate field \(quoted(path))"
        }
    }

    /// How many issues one document can give; further ones are not reported.
    package static let maximumCount = 100

    static func issues(_ kind: Kind, at offsets: [Int], in buffer: UnsafeRawBufferPointer) -> [JSONIssue] {
        var issues: [JSONIssue] = []
        var seen: Set<ByteKey> = []
        for path in JSONLocator.paths(of: offsets, in: buffer) where seen.insert(ByteKey(path)).inserted {
            guard issues.count < maximumCount else { break }
            issues.append(JSONIssue(kind, path: path))
        }
        return issues
    }

    /// The keys of a valid document that came before in the same object.
    package static func duplicates(in buffer: UnsafeRawBufferPointer, options: JSONReader.Options) throws(JSONError) -> [JSONIssue] {
        var reader = JSONReader(buffer, options: options)
        var offsets: [Int] = []
        try reader.collectDuplicates(&offsets)
        guard !offsets.isEmpty else { return [] }
        return issues(.duplicateField, at: offsets, in: buffer)
    }
}

extension JSONReader {
    /// Passes over a value and notes the offsets of the keys that came before in their object, at most a bounded number of them.
    fileprivate mutating func collectDuplicates(_ offsets: inout [Int]) throws(JSONError) {
        switch try peekToken() {
        case UInt8(ascii: "{"):
            try beginObject()
            var seen: Set<ByteKey> = []
            while try nextKey() {
                if !seen.insert(ByteKey(key())).inserted && offsets.count < JSONIssue.maximumCount * 10 { offsets.append(keyStart) }
                try collectDuplicates(&offsets)
            }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try collectDuplicates(&offsets) }
        default:
            try skipValue()
        }
    }
}

/// Quotes a path for a message, as JSON does.
private func quoted(_ path: String) -> String {
    var writer = JSONWriter(capacity: path.utf8.count + 8)
    writer.value(path)
    return String(decoding: writer.finish(), as: UTF8.self)
}
