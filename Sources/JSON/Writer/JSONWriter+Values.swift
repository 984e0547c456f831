extension JSONWriter {
    package mutating func null() {
        separate()
        literal("null")
    }

    package mutating func value(_ v: Bool) {
        separate()
        if v { literal("true") } else { literal("false") }
    }

    package mutating func value(_ v: Int32) { value(Int64(v)) }

    package mutating func value(_ v: Int64) {
        separate()
        integer(v)
    }

    package mutating func value(_ v: String) {
        separate()
        string(v)
    }

    /// base64
    package mutating func value(_ v: [UInt8]) {
        separate()
        let size = Base64.encodedCount(v.count)
        let start = reserve(size + 2)
        start.storeBytes(of: UInt8(ascii: "\""), as: UInt8.self)
        _ = Base64.encode(v, to: start + 1)
        start.storeBytes(of: UInt8(ascii: "\""), toByteOffset: size + 1, as: UInt8.self)
        wrote(size + 2)
    }

    package mutating func value<T: JSONCodable>(_ v: T) {
        // A type's coder begins with a value of its own, which separates.
        v.write(json: &self)
    }

    package mutating func value(_ v: JSONValue) {
        switch v {
        case .null: null()
        case .bool(let v): value(v)
        case .integer(let v): value(v)
        case .number(let v):
            separate()
            var text = v.text
            text.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
        case .string(let v): value(v)
        case .array(let elements):
            beginArray()
            for element in elements { value(element) }
            endArray()
        case .object(let object):
            value(object)
        }
    }

    package mutating func value(_ v: JSONObject) {
        beginObject()
        v.entries.withUnsafeBufferPointer { entries in
            var i = 0
            while i < entries.count {
                key(entries[i].key)
                value(entries[i].value)
                i += 1
            }
        }
        endObject()
    }

    package mutating func value(_ v: [String]) {
        beginArray()
        for element in v { value(element) }
        endArray()
    }

    package mutating func value(_ v: [Int32]) {
        beginArray()
        for element in v { value(element) }
        endArray()
    }

    package mutating func value(_ v: [Int64]) {
        beginArray()
        for element in v { value(element) }
        endArray()
    }

    /// Each element base64.
    package mutating func value(_ v: [[UInt8]]) {
        beginArray()
        for element in v { value(element) }
        endArray()
    }

    package mutating func value<T: JSONCodable>(_ v: [T]) {
        beginArray()
        // By index: an iterator would need its generic metadata.
        var i = 0
        while i < v.count {
            v[i].write(json: &self)
            i += 1
        }
        endArray()
    }

    /// Members in the order of their keys, so that equal maps give equal bytes.
    package mutating func value(_ v: [String: String]) {
        beginObject()
        for (name, member) in v.count > 1 ? v.sorted(by: { $0.key < $1.key }) : Array(v) {
            key(name)
            value(member)
        }
        endObject()
    }

    /// Each value base64; members in the order of their keys.
    package mutating func value(_ v: [String: [UInt8]]) {
        beginObject()
        for (name, member) in v.sorted(by: { $0.key < $1.key }) {
            key(name)
            value(member)
        }
        endObject()
    }

    /// Members in the order of their keys.
    package mutating func value(_ v: [String: [String]]) {
        beginObject()
        for (name, member) in v.sorted(by: { $0.key < $1.key }) {
            key(name)
            value(member)
        }
        endObject()
    }

    /// Members in the order of their keys.
    package mutating func value<T: JSONCodable>(_ v: [String: T]) {
        beginObject()
        for name in v.keys.sorted() {
            guard let member = v[name] else { continue }
            key(name)
            member.write(json: &self)
        }
        endObject()
    }

    // MARK: Pretty printing

    mutating func prettyValue(_ v: JSONValue, indentation: Int) {
        switch v {
        case .array(let elements) where !elements.isEmpty:
            byte(UInt8(ascii: "["))
            for (i, element) in elements.enumerated() {
                if i > 0 { byte(UInt8(ascii: ",")) }
                newLine(indentation + 1)
                prettyValue(element, indentation: indentation + 1)
            }
            newLine(indentation)
            byte(UInt8(ascii: "]"))
        case .object(let object) where !object.isEmpty:
            byte(UInt8(ascii: "{"))
            for (i, member) in object.enumerated() {
                if i > 0 { byte(UInt8(ascii: ",")) }
                newLine(indentation + 1)
                string(member.key)
                literal(": ")
                prettyValue(member.value, indentation: indentation + 1)
            }
            newLine(indentation)
            byte(UInt8(ascii: "}"))
        case .array: literal("[]")
        case .object: literal("{}")
        case .null: literal("null")
        case .bool(let v): v ? literal("true") : literal("false")
        case .integer(let v): integer(v)
        case .number(let v):
            var text = v.text
            text.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
        case .string(let v): string(v)
        }
    }

    private mutating func newLine(_ indentation: Int) {
        byte(0x0A)
        for _ in 0..<indentation { literal("  ") }
    }
}
