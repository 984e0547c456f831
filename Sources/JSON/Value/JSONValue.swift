/// A JSON document as a tree.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    /// A number written without fraction and exponent that fits an Int64.
    case integer(Int64)
    /// Any other number; it keeps its text.
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue: Equatable {
    /// Deep equality. The order of keys does not matter; strings are compared byte by byte (no Unicode normalisation);
    /// `1` and `1.0` differ, `1.0` and `1.00` do not.
    package static func == (a: JSONValue, b: JSONValue) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): x == y
        case (.string(let x), .string(let y)): sameBytes(x, y)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        default: false
        }
    }
}

extension JSONValue {
    /// Parses a whole document. Errors carry the path.
    package init(parsing bytes: [UInt8], options: JSONReader.Options = .init()) throws(JSONError) {
        self = try withBytes(bytes) { (buffer) throws(JSONError) in try JSONValue(parsing: buffer, options: options) }
    }

    package init(parsing text: String, options: JSONReader.Options = .init()) throws(JSONError) {
        self = try JSONValue(parsing: Array(text.utf8), options: options)
    }

    /// Parses a whole document from memory that somebody else keeps alive for the duration of the call.
    package init(parsing buffer: UnsafeRawBufferPointer, options: JSONReader.Options = .init()) throws(JSONError) {
        var issues: [JSONIssue] = []
        self = try JSONValue(parsing: buffer, options: options, issues: &issues)
    }

    /// Parses a whole document and appends the duplicate fields to `issues`, if the options ask for them.
    package init(parsing bytes: [UInt8], options: JSONReader.Options, issues: inout [JSONIssue]) throws(JSONError) {
        self = try withBytes(bytes) { (buffer) throws(JSONError) in
            try JSONValue(parsing: buffer, options: options, issues: &issues)
        }
    }

    package init(parsing buffer: UnsafeRawBufferPointer, options: JSONReader.Options, issues: inout [JSONIssue]) throws(JSONError) {
        var reader = JSONReader(buffer, options: options)
        do throws(JSONError) {
            self = try reader.readValue()
            try reader.finish()
            if options.reportDuplicateFields && reader.sawDuplicateField {
                try issues.append(contentsOf: JSONIssue.duplicates(in: buffer, options: options))
            }
        } catch {
            throw error.located(in: buffer)
        }
    }

    /// The tree as one compact document.
    package func serialized() -> [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        return writer.finish()
    }

    /// The tree as a document; `pretty` puts every member on a line of its own, indented by two spaces per level, as upstream's servers do.
    package func serialized(pretty: Bool) -> [UInt8] {
        guard pretty else { return serialized() }
        var writer = JSONWriter()
        writer.prettyValue(self, indentation: 0)
        return writer.finish()
    }
}

extension JSONValue: JSONCodable {
    package init(json r: inout JSONReader) throws(JSONError) {
        self = try r.readValue()
    }

    package func write(json w: inout JSONWriter) {
        w.value(self)
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact document, for people and logs.
    package var description: String {
        String(decoding: serialized(), as: UTF8.self)
    }
}
