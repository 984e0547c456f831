/// Reads for typed coders. `null` leaves the value as it is; anything of another type is an error.
extension JSONReader {
    /// Consumes `null` if it is next.
    package mutating func takeNull() throws(JSONError) -> Bool {
        guard try peekToken() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    /// The boolean at the position.
    package mutating func readBool() throws(JSONError) -> Bool {
        switch try peekToken() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default:
            throw mismatch("a boolean")
        }
    }

    /// The bytes of the base64 string at the position.
    package mutating func readBase64() throws(JSONError) -> [UInt8] {
        guard let bytes = try readString({ Base64.decode($0) }) else { throw invalidValue("illegal base64 data") }
        return bytes
    }

    package mutating func read(_ v: inout String) throws(JSONError) { if try !takeNull() { v = try readString() } }
    package mutating func read(_ v: inout String?) throws(JSONError) { if try !takeNull() { v = try readString() } }
    package mutating func read(_ v: inout Bool) throws(JSONError) { if try !takeNull() { v = try readBool() } }
    package mutating func read(_ v: inout Bool?) throws(JSONError) { if try !takeNull() { v = try readBool() } }
    package mutating func read(_ v: inout Int32) throws(JSONError) { if try !takeNull() { v = try readInt32() } }
    package mutating func read(_ v: inout Int32?) throws(JSONError) { if try !takeNull() { v = try readInt32() } }
    package mutating func read(_ v: inout Int64) throws(JSONError) { if try !takeNull() { v = try readInteger() } }
    package mutating func read(_ v: inout Int64?) throws(JSONError) { if try !takeNull() { v = try readInteger() } }
    package mutating func read(_ v: inout Double) throws(JSONError) { if try !takeNull() { v = try readDouble() } }
    package mutating func read(_ v: inout Double?) throws(JSONError) { if try !takeNull() { v = try readDouble() } }
    /// base64
    package mutating func read(_ v: inout [UInt8]) throws(JSONError) { if try !takeNull() { v = try readBase64() } }
    /// base64
    package mutating func read(_ v: inout [UInt8]?) throws(JSONError) { if try !takeNull() { v = try readBase64() } }
    package mutating func read<T: JSONCodable>(_ v: inout T) throws(JSONError) { if try !takeNull() { v = try T(json: &self) } }
    package mutating func read<T: JSONCodable>(_ v: inout T?) throws(JSONError) { if try !takeNull() { v = try T(json: &self) } }

    package mutating func read(_ v: inout [String]) throws(JSONError) {
        try readElements(&v) { (r) throws(JSONError) in try r.takeNull() ? "" : try r.readString() }
    }

    package mutating func read(_ v: inout [Int32]) throws(JSONError) {
        try readElements(&v) { (r) throws(JSONError) in try r.takeNull() ? 0 : try r.readInt32() }
    }

    package mutating func read(_ v: inout [Int64]) throws(JSONError) {
        try readElements(&v) { (r) throws(JSONError) in try r.takeNull() ? 0 : try r.readInteger() }
    }

    /// Each element base64.
    package mutating func read(_ v: inout [[UInt8]]) throws(JSONError) {
        try readElements(&v) { (r) throws(JSONError) in try r.takeNull() ? [] : try r.readBase64() }
    }

    package mutating func read<T: JSONCodable>(_ v: inout [T]) throws(JSONError) {
        guard try !takeNull() else { return }
        var elements: [T] = []
        try beginArray()
        while try nextElement() { elements.append(try T(json: &self)) }
        v = elements
    }

    package mutating func read(_ v: inout [String: String]) throws(JSONError) {
        try readMembers(&v) { (r) throws(JSONError) in try r.takeNull() ? "" : try r.readString() }
    }

    /// Each value base64.
    package mutating func read(_ v: inout [String: [UInt8]]) throws(JSONError) {
        try readMembers(&v) { (r) throws(JSONError) in try r.takeNull() ? [] : try r.readBase64() }
    }

    package mutating func read(_ v: inout [String: [String]]) throws(JSONError) {
        try readMembers(&v) { (r) throws(JSONError) in
            var list: [String] = []
            try r.read(&list)
            return list
        }
    }

    package mutating func read<T: JSONCodable>(_ v: inout [String: T]) throws(JSONError) {
        guard try !takeNull() else { return }
        var members: [String: T] = [:]
        try beginObject()
        while let key = try nextKeyString() { members[key] = try T(json: &self) }
        v = members
    }

    @inline(__always)
    private mutating func readElements<T>(_ v: inout [T], _ element: (inout JSONReader) throws(JSONError) -> T) throws(JSONError) {
        guard try !takeNull() else { return }
        var elements: [T] = []
        try beginArray()
        while try nextElement() { elements.append(try element(&self)) }
        v = elements
    }

    @inline(__always)
    private mutating func readMembers<T>(_ v: inout [String: T], _ member: (inout JSONReader) throws(JSONError) -> T) throws(JSONError) {
        guard try !takeNull() else { return }
        var members: [String: T] = [:]
        try beginObject()
        while let key = try nextKeyString() { members[key] = try member(&self) }
        v = members
    }
}
