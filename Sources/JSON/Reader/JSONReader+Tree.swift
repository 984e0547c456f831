extension JSONReader {
    /// The value at the position as a tree.
    package mutating func readValue() throws(JSONError) -> JSONValue {
        switch try peekToken() {
        case UInt8(ascii: "\""):
            position += 1
            let start = position
            let scan = try scanString()
            return .string(makeString(from: start, to: position - 1, escaped: scan.escaped))
        case UInt8(ascii: "{"):
            return try readObject()
        case UInt8(ascii: "["):
            return try readArray()
        case UInt8(ascii: "t"):
            try literal("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null")
            return .null
        default:
            let scan = try scanNumber()
            if let integer = scan.integer { return .integer(integer) }
            return .number(JSONNumber(checked: numberText(scan)))
        }
    }

    private mutating func readObject() throws(JSONError) -> JSONValue {
        try beginObject()
        guard try nextKey() else { return .object(JSONObject()) }
        var members: [JSONObject.Element] = []
        members.reserveCapacity(4)
        repeat {
            let key = key()
            members.append((key, try readValue()))
        } while try nextKey()
        return .object(JSONObject(parsed: members, hadDuplicates: &sawDuplicateField))
    }

    private mutating func readArray() throws(JSONError) -> JSONValue {
        try beginArray()
        guard try nextElement() else { return .array([]) }
        var elements: [JSONValue] = []
        repeat {
            elements.append(try readValue())
        } while try nextElement()
        return .array(elements)
    }
}
