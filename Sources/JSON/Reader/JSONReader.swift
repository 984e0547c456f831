/// A cursor over the bytes of one document: strict RFC 8259, UTF-8 checked, nesting limited.
///
/// Typed coders drive it: `beginObject`, then `nextField` until -1, each followed by exactly one read of the member's value.
/// The bytes are not copied: the reader is only valid as long as the buffer it was made from.
@usableFromInline package struct JSONReader: ~Copyable {
    package struct Options: Sendable {
        /// How deep objects and arrays may be nested. The limit keeps the recursion of readers within a thread's stack.
        package var maximumDepth: Int
        /// Report members whose key came before in the same object. The last one wins in any case.
        package var reportDuplicateFields: Bool
        /// Report members that the type being read does not know.
        package var reportUnknownFields: Bool

        package init(maximumDepth: Int = 512, reportDuplicateFields: Bool = false, reportUnknownFields: Bool = false) {
            self.maximumDepth = maximumDepth
            self.reportDuplicateFields = reportDuplicateFields
            self.reportUnknownFields = reportUnknownFields
        }
    }

    /// What a value is, seen from its first byte.
    package enum ValueKind: Sendable {
        case null, bool, number, string, array, object
    }

    let base: UnsafeRawPointer
    let end: Int
    let options: Options
    package internal(set) var position = 0
    private var depth = 0
    /// True from the opening bracket of an object or array to its first member or its end.
    private var opened = false
    /// The last key, without its quotes.
    private(set) var keyStart = 0
    private(set) var keyEnd = 0
    private(set) var keyEscaped = false
    var sawDuplicateField = false
    private var unknownOffsets: [Int] = []
    // Of the trees being read; see ParseStack.
    var members = ParseStack<JSONObject.Member>()
    var fingerprints = ParseStack<UInt64>()
    var elements = ParseStack<JSONValue>()

    package init(_ buffer: UnsafeRawBufferPointer, options: Options = .init()) {
        let nothing: StaticString = ""
        base = buffer.baseAddress ?? UnsafeRawPointer(nothing.utf8Start)
        end = buffer.count
        self.options = options
    }

    // MARK: Tokens

    /// The next byte that is not white space; it is not consumed.
    @inline(__always)
    mutating func peekToken() throws(JSONError) -> UInt8 {
        while position < end {
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            if byte > 0x20 { return byte }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { throw unexpected("a value") }
            position += 1
        }
        throw JSONError(.unexpectedEnd, at: end, "unexpected end of the document")
    }

    /// What the next value is; nothing is consumed.
    package mutating func peekKind() throws(JSONError) -> ValueKind {
        switch try peekToken() {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw unexpected("a value")
        }
    }

    /// Checks that nothing but white space is left.
    package mutating func finish() throws(JSONError) {
        while position < end {
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { throw unexpected("the end of the document") }
            position += 1
        }
    }

    @inline(never)
    func unexpected(_ wanted: StaticString) -> JSONError {
        guard position < end else { return JSONError(.unexpectedEnd, at: end, "unexpected end of the document, expected \(wanted)") }
        let byte = base.load(fromByteOffset: position, as: UInt8.self)
        let seen = byte >= 0x21 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        return JSONError(.syntax, at: position, "unexpected \(seen), expected \(wanted)")
    }

    /// The error for a value of the wrong type at the position; a syntax error when there is no value.
    @inline(never)
    mutating func mismatch(_ wanted: StaticString) -> JSONError {
        do throws(JSONError) {
            let seen =
                switch try peekKind() {
                case .null: "null"
                case .bool: "a boolean"
                case .number: "a number"
                case .string: "a string"
                case .array: "an array"
                case .object: "an object"
                }
            return JSONError(.typeMismatch, at: position, "expected \(wanted), found \(seen)")
        } catch {
            return error
        }
    }

    /// An error about a value that has just been read, for coders of value types.
    package func invalidValue(_ message: String) -> JSONError {
        // Offsets point at a value's first byte; after the value, its last byte serves as well.
        JSONError(.invalidValue, at: max(0, position - 1), message)
    }

    // MARK: Objects and arrays

    @inline(__always)
    private mutating func open() throws(JSONError) {
        position += 1
        depth += 1
        guard depth <= options.maximumDepth else {
            throw JSONError(.tooDeep, at: position - 1, "nested deeper than \(options.maximumDepth) levels")
        }
        opened = true
    }

    @inline(__always)
    private mutating func close() {
        position += 1
        depth -= 1
        opened = false
    }

    package mutating func beginObject() throws(JSONError) {
        guard try peekToken() == UInt8(ascii: "{") else { throw mismatch("an object") }
        try open()
    }

    package mutating func beginArray() throws(JSONError) {
        guard try peekToken() == UInt8(ascii: "[") else { throw mismatch("an array") }
        try open()
    }

    /// Moves to the next element of the array; false at its end, which is consumed.
    package mutating func nextElement() throws(JSONError) -> Bool {
        let byte = try peekToken()
        if byte == UInt8(ascii: "]") {
            close()
            return false
        }
        if opened {
            opened = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw unexpected("',' or ']'") }
        position += 1
        guard try peekToken() != UInt8(ascii: "]") else { throw unexpected("a value") }
        return true
    }

    /// Moves behind the next key and its colon; false at the object's end, which is consumed.
    mutating func nextKey() throws(JSONError) -> Bool {
        var byte = try peekToken()
        if byte == UInt8(ascii: "}") {
            close()
            return false
        }
        if opened {
            opened = false
        } else {
            guard byte == UInt8(ascii: ",") else { throw unexpected("',' or '}'") }
            position += 1
            byte = try peekToken()
        }
        guard byte == UInt8(ascii: "\"") else { throw unexpected("a key") }
        position += 1
        keyStart = position
        keyEscaped = try scanString().escaped
        keyEnd = position - 1
        guard try peekToken() == UInt8(ascii: ":") else { throw unexpected("':'") }
        position += 1
        return true
    }

    /// Moves to the next member: its index in `keys`, -1 at the object's end, -2 for a key that is not among them.
    package mutating func nextField(_ keys: JSONKeys) throws(JSONError) -> Int {
        guard try nextKey() else { return -1 }
        if keyEscaped { return keys.find(key()) }
        return keys.find(base + keyStart, keyEnd - keyStart, readable: end - keyStart)
    }

    /// Moves to the next member of a map and gives its key; nil at the object's end.
    package mutating func nextKeyString() throws(JSONError) -> String? {
        guard try nextKey() else { return nil }
        return key()
    }

    /// The key of the current member.
    package func key() -> String {
        makeString(from: keyStart, to: keyEnd, escaped: keyEscaped)
    }

    // MARK: Unknown members

    /// Keeps the current member as it is written; for use after `nextField` gave -2.
    package mutating func keepUnknown(_ unknown: inout JSONUnknownFields) throws(JSONError) {
        if options.reportUnknownFields { unknownOffsets.append(keyStart) }
        let keyStart = keyStart, keyEnd = keyEnd
        _ = try peekToken()
        let valueStart = position
        try skipValue()
        unknown.append(
            key: UnsafeRawBufferPointer(start: base + keyStart, count: keyEnd - keyStart),
            value: UnsafeRawBufferPointer(start: base + valueStart, count: position - valueStart))
    }

    /// Passes over the current member, for types that do not keep what they do not know.
    package mutating func skipUnknown() throws(JSONError) {
        if options.reportUnknownFields { unknownOffsets.append(keyStart) }
        try skipValue()
    }

    /// The unknown members seen so far, if the options ask for them.
    package func unknownFieldIssues() -> [JSONIssue] {
        guard !unknownOffsets.isEmpty else { return [] }
        return JSONIssue.issues(.unknownField, at: unknownOffsets, in: UnsafeRawBufferPointer(start: base, count: end))
    }

    /// Passes over one value, which is checked as strictly as if it were read.
    package mutating func skipValue() throws(JSONError) {
        switch try peekToken() {
        case UInt8(ascii: "\""):
            position += 1
            _ = try scanString()
        case UInt8(ascii: "{"):
            try beginObject()
            while try nextKey() { try skipValue() }
        case UInt8(ascii: "["):
            try beginArray()
            while try nextElement() { try skipValue() }
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        default: _ = try scanNumber()
        }
    }

    /// The bytes of the next value, without white space around it.
    package mutating func rawValue() throws(JSONError) -> [UInt8] {
        _ = try peekToken()
        let start = position
        try skipValue()
        return Array(UnsafeRawBufferPointer(start: base + start, count: position - start))
    }

    @inline(__always)
    mutating func literal(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        var i = 0
        while i < count {
            guard position + i < end, base.load(fromByteOffset: position + i, as: UInt8.self) == text.utf8Start[i] else {
                position = min(position + i, end)
                throw unexpected(text)
            }
            i += 1
        }
        position += count
    }
}
