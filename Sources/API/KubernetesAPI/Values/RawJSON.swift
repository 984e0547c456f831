package import JSON

/// Any JSON value, kept as the bytes it came with.
package struct RawJSON: Sendable {
    /// One valid JSON value without white space around it.
    package let bytes: [UInt8]

    /// null
    package init() { bytes = Array("null".utf8) }

    /// Checks the bytes.
    package init(_ bytes: [UInt8]) throws(JSONError) {
        self = try RawJSON(jsonBytes: bytes)
    }

    package init(_ tree: JSONValue) { bytes = tree.serialized() }

    /// The value as a tree.
    package var tree: JSONValue { (try? JSONValue(parsing: bytes)) ?? .null }
}

extension RawJSON: JSONCodable {
    package init(json r: inout JSONReader) throws(JSONError) { bytes = try r.rawValue() }
    package func write(json w: inout JSONWriter) { w.rawValue(bytes) }
}
