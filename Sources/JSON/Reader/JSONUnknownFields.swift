/// The members of an object that its type does not know, as they were written.
package struct JSONUnknownFields: Sendable {
    /// `"key":value` joined by commas.
    private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package var isEmpty: Bool { bytes.isEmpty }

    /// Both as they stand in a document, the key without its quotes.
    mutating func append(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        bytes.reserveCapacity(bytes.count + key.count + value.count + 4)
        if !bytes.isEmpty { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: key)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        bytes.append(contentsOf: value)
    }

    /// The members as a tree.
    package func object() -> JSONObject {
        let document = [UInt8(ascii: "{")] + bytes + [UInt8(ascii: "}")]
        return (try? JSONValue(parsing: document))?.objectValue ?? JSONObject()
    }
}
