package import JSON

/// A look at single fields of an object's bytes. Valid only inside the closure it is handed to.
package struct ObjectScan {
    private let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// The value at a path of member names: `["spec", "nodeName"]`; nil when it is not there.
    package func value(at path: [String]) -> JSONValue? {
        guard let range = MemberScanner.value(at: path, in: bytes) else { return nil }
        return try? JSONValue(parsing: UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[range])))
    }

    /// Calls the closure with the bytes of the value at a path, which are valid during the call only; nil when it is not there.
    func withBytes<Result>(at path: [String], _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result? {
        MemberScanner.value(at: path, in: bytes).map { body(UnsafeBufferPointer(rebasing: bytes[$0])) }
    }

    /// The text at a path; nil when there is none, or something that is no text.
    package func text(at path: [String]) -> String? {
        value(at: path)?.stringValue
    }

    /// The members with texts of the object at a path, in the order in which they stand.
    func texts(at path: [String]) -> [(key: String, value: String)] {
        guard let object = value(at: path)?.objectValue else { return [] }
        return object.compactMap { member in member.value.stringValue.map { (member.key, $0) } }
    }
}

/// An object's labels, sorted by key: for the few that an object has, faster to make and to ask than a dictionary.
package struct ObjectLabels: Sendable {
    package let pairs: [(key: String, value: String)]

    init(_ pairs: [(key: String, value: String)]) {
        self.pairs = pairs.sorted { $0.key < $1.key }
    }

    package subscript(_ key: String) -> String? {
        for pair in pairs where pair.key == key { return pair.value }
        return nil
    }

    package var isEmpty: Bool { pairs.isEmpty }

    package var dictionary: [String: String] {
        Dictionary(pairs.map { ($0.key, $0.value) }) { _, last in last }
    }
}
