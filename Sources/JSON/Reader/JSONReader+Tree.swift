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
        let start = members.count
        repeat {
            var key = ""
            let fingerprint = sharedKey(&key)
            let value = try readValue()
            members.push(JSONObject.Member(key, value))
            fingerprints.push(fingerprint)
        } while try nextKey()
        let object = members.popAll(from: start)
        if hasDuplicateFingerprints(from: start, object) {
            sawDuplicateField = true
            return .object(JSONObject(repeating: object))
        }
        return .object(JSONObject(uniqueMembers: object))
    }

    private mutating func readArray() throws(JSONError) -> JSONValue {
        try beginArray()
        guard try nextElement() else { return .array([]) }
        let start = elements.count
        repeat {
            elements.push(try readValue())
        } while try nextElement()
        return .array(elements.popAll(from: start))
    }

    /// The current member's key, a shared string if it is a frequent one, and its fingerprint.
    @inline(__always)
    private func sharedKey(_ key: inout String) -> UInt64 {
        let length = keyEnd - keyStart
        if keyEscaped {
            key = self.key()
            return key.withUTF8 { buffer in
                buffer.baseAddress.map { JSONKeys.fingerprint(UnsafeRawPointer($0), buffer.count, readable: buffer.count) }
                    ?? JSONKeys.fingerprint(base, 0, readable: 0)
            }
        }
        var fingerprint: UInt64 = 0
        let index = FrequentKeys.table.find(base + keyStart, length, readable: end - keyStart, &fingerprint)
        key = index >= 0 ? FrequentKeys.names[index] : makeString(from: keyStart, to: keyEnd, escaped: false)
        return fingerprint
    }

    /// Whether members have the same key; consumes their fingerprints.
    private mutating func hasDuplicateFingerprints(from start: Int, _ object: [JSONObject.Member]) -> Bool {
        defer { fingerprints.removeAll(from: start) }
        guard object.count <= JSONObject.indexThreshold else {
            // Many members are compared by a set of their keys.
            var seen = Set<ByteKey>(minimumCapacity: object.count)
            return !object.allSatisfy { seen.insert(ByteKey($0.key)).inserted }
        }
        var i = 1
        while i < object.count {
            var j = 0
            while j < i {
                if fingerprints[start + i] == fingerprints[start + j] && sameBytes(object[i].key, object[j].key) { return true }
                j += 1
            }
            i += 1
        }
        return false
    }
}
