/// A type with a hand-emitted or hand-written JSON coder.
@usableFromInline package protocol JSONCodable: Sendable {
    /// Reads one value at the reader's position. JSON `null` never gets here through `JSONReader.read`.
    init(json r: inout JSONReader) throws(JSONError)
    /// Writes exactly one value.
    func write(json w: inout JSONWriter)
}

extension JSONCodable {
    /// Reads a whole document; anything but white space after it is an error. Errors carry the path.
    package init(jsonBytes bytes: [UInt8]) throws(JSONError) {
        var issues: [JSONIssue] = []
        self = try withBytes(bytes) { (buffer) throws(JSONError) in
            try Self(jsonBytes: buffer, options: .init(), issues: &issues)
        }
    }

    /// Reads a whole document that somebody else keeps alive for the duration of the call.
    package init(jsonBytes buffer: UnsafeRawBufferPointer) throws(JSONError) {
        var issues: [JSONIssue] = []
        self = try Self(jsonBytes: buffer, options: .init(), issues: &issues)
    }

    /// Reads a whole document and appends what the options ask to report: duplicate fields, fields unknown to the type.
    package init(jsonBytes bytes: [UInt8], options: JSONReader.Options, issues: inout [JSONIssue]) throws(JSONError) {
        self = try withBytes(bytes) { (buffer) throws(JSONError) in
            try Self(jsonBytes: buffer, options: options, issues: &issues)
        }
    }

    /// As `init(jsonBytes:options:issues:)`, from memory that somebody else keeps alive for the duration of the call.
    package init(jsonBytes buffer: UnsafeRawBufferPointer, options: JSONReader.Options, issues: inout [JSONIssue]) throws(JSONError) {
        var reader = JSONReader(buffer, options: options)
        do throws(JSONError) {
            self = try Self(json: &reader)
            try reader.finish()
            if options.reportDuplicateFields {
                try issues.append(contentsOf: JSONIssue.duplicates(in: buffer, options: options))
            }
            issues.append(contentsOf: reader.unknownFieldIssues())
        } catch {
            throw error.located(in: buffer)
        }
    }

    /// The value as one compact document.
    package func jsonBytes() -> [UInt8] {
        var writer = JSONWriter()
        write(json: &writer)
        return writer.finish()
    }

    /// Reads the value from a document tree.
    package init(tree: JSONValue) throws(JSONError) {
        self = try Self(jsonBytes: tree.serialized())
    }

    /// The value as a document tree. A type whose coder writes malformed JSON (no type here does) gives `.null`.
    package func tree() -> JSONValue {
        (try? JSONValue(parsing: jsonBytes())) ?? .null
    }
}

/// `withUnsafeBytes` with typed errors.
func withBytes<R>(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(JSONError) -> R) throws(JSONError) -> R {
    let result = bytes.withUnsafeBytes { buffer -> Result<R, JSONError> in
        do throws(JSONError) {
            return .success(try body(buffer))
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}
