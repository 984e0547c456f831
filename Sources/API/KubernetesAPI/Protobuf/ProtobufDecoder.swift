import JSON

/// Turns messages into document trees by the schemas' field numbers.
struct ProtobufDecoder {
    /// Messages nested deeper than this are refused, as in JSON.
    static let depthMax = 100

    func message(_ bytes: ArraySlice<UInt8>, _ schema: Schema, depth: Int) throws(ProtobufError) -> JSONObject {
        var object = JSONObject()
        try fill(&object, bytes, ProtobufFields.of(schema), depth: depth)
        return object
    }

    /// Reads a message's fields into the object: the object's own message, or one whose fields stand inline in JSON.
    private func fill(_ object: inout JSONObject, _ bytes: ArraySlice<UInt8>, _ fields: ProtobufFields, depth: Int) throws(ProtobufError) {
        guard depth < Self.depthMax else { throw ProtobufError(description: "messages are nested deeper than \(Self.depthMax)") }
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            if let inline = fields.inline[number] {
                guard case .bytes(let part) = value else { throw mismatch(number) }
                try fill(&object, part, inline, depth: depth + 1)
            } else if let field = fields.own[number] {
                try add(value, field, to: &object, depth: depth)
            }
        }
    }

    private func add(_ value: ProtobufReader.Value, _ field: ProtobufFields.Field, to object: inout JSONObject, depth: Int) throws(ProtobufError) {
        switch field.type {
        case .array(let element):
            var items = object[field.name]?.arrayValue ?? []
            if case .bytes(let part) = value, Self.isNumber(element) {
                var packed = ProtobufReader(part)
                while !packed.isAtEnd { items.append(try scalar(.varint(try packed.varint()), element, field)) }
            } else {
                guard let item = try single(value, element, field, depth: depth) else { throw mismatch(field.name) }
                items.append(item)
            }
            object[field.name] = .array(items)
        case .map(let element):
            guard case .bytes(let part) = value else { throw mismatch(field.name) }
            var map = object[field.name]?.objectValue ?? JSONObject()
            try addEntry(part, element, field, to: &map, depth: depth)
            object[field.name] = .object(map)
        default:
            guard let item = try single(value, field.type, field, depth: depth) else { return }
            if !field.tellsZeroFromAbsent, Self.isZero(item) { return }
            object[field.name] = item
        }
    }

    private func addEntry(
        _ bytes: ArraySlice<UInt8>, _ type: Schema.ValueType, _ field: ProtobufFields.Field, to map: inout JSONObject, depth: Int
    ) throws(ProtobufError) {
        var key = ""
        var item = Self.zero(type)
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            if number == 1, case .bytes(let text) = value { key = String(decoding: text, as: UTF8.self) }
            guard number == 2 else { continue }
            if case .array(let element) = type {
                // A list as a map's value is a message of its own with the items at number 1.
                guard case .bytes(let part) = value else { throw mismatch(field.name) }
                var list = ProtobufReader(part)
                var items: [JSONValue] = []
                while let (_, value) = try list.next() {
                    if let item = try single(value, element, field, depth: depth + 1) { items.append(item) }
                }
                item = .array(items)
            } else {
                item = try single(value, type, field, depth: depth + 1) ?? item
            }
        }
        map[key] = item
    }

    /// One value; nil for a moment that is not set.
    private func single(
        _ value: ProtobufReader.Value, _ type: Schema.ValueType, _ field: ProtobufFields.Field, depth: Int
    ) throws(ProtobufError) -> JSONValue? {
        switch type {
        case .string, .bytes, .int32, .int64, .double, .bool:
            return try scalar(value, type, field)
        case .object(let reference):
            guard case .bytes(let part) = value, let schema = reference.schema else { throw mismatch(field.name) }
            return .object(try message(part, schema, depth: depth + 1))
        case .any:
            guard case .bytes(let part) = value else { throw mismatch(field.name) }
            return try embedded(part, field)
        case .quantity:
            guard case .bytes(let part) = value else { throw mismatch(field.name) }
            return .string(try text(part, at: 1))
        case .time, .microTime:
            guard case .bytes(let part) = value else { throw mismatch(field.name) }
            guard !part.isEmpty else { return nil }
            let seconds = try number(part, at: 1)
            if case .time = type { return .string(Time(seconds: seconds).description) }
            let (micros, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
            guard !overflow else { throw mismatch(field.name) }
            return .string(MicroTime(microseconds: micros &+ (try number(part, at: 2)) / 1000).description)
        case .intOrString:
            guard case .bytes(let part) = value else { throw mismatch(field.name) }
            return try number(part, at: 1) == 1 ? .string(try text(part, at: 3)) : .integer(try number(part, at: 2))
        case .array, .map:
            throw mismatch(field.name)
        }
    }

    private func scalar(_ value: ProtobufReader.Value, _ type: Schema.ValueType, _ field: ProtobufFields.Field) throws(ProtobufError) -> JSONValue {
        switch (type, value) {
        case (.string, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw ProtobufError(description: "field \(field.name) is not valid UTF-8")
            }
            return .string(text)
        case (.bytes, .bytes(let bytes)): return .string(Base64.encode(Array(bytes)))
        case (.bool, .varint(let number)): return .bool(number != 0)
        case (.int32, .varint(let number)), (.int64, .varint(let number)): return .integer(Int64(bitPattern: number))
        case (.double, .fixed64(let bits)): return JSONValue(floatLiteral: Double(bitPattern: bits))
        default: throw mismatch(field.name)
        }
    }

    /// Raw JSON in a message of its own.
    private func embedded(_ bytes: ArraySlice<UInt8>, _ field: ProtobufFields.Field) throws(ProtobufError) -> JSONValue? {
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            guard number == 1, case .bytes(let json) = value, !json.isEmpty else { continue }
            do {
                return try JSONValue(parsing: Array(json))
            } catch {
                throw ProtobufError(description: "field \(field.name) holds no JSON: \(error)")
            }
        }
        return nil
    }

    private func text(_ bytes: ArraySlice<UInt8>, at wanted: Int) throws(ProtobufError) -> String {
        var reader = ProtobufReader(bytes)
        var text = ""
        while let (number, value) = try reader.next() {
            if number == wanted, case .bytes(let part) = value { text = String(decoding: part, as: UTF8.self) }
        }
        return text
    }

    private func number(_ bytes: ArraySlice<UInt8>, at wanted: Int) throws(ProtobufError) -> Int64 {
        var reader = ProtobufReader(bytes)
        var result: Int64 = 0
        while let (number, value) = try reader.next() {
            if number == wanted, case .varint(let bits) = value { result = Int64(bitPattern: bits) }
        }
        return result
    }

    private func mismatch(_ field: String) -> ProtobufError { ProtobufError(description: "field \(field) has another type than expected") }
    private func mismatch(_ number: Int) -> ProtobufError { mismatch("number \(number)") }

    private static func isNumber(_ type: Schema.ValueType) -> Bool {
        switch type {
        case .int32, .int64, .bool: true
        default: false
        }
    }

    private static func isZero(_ value: JSONValue) -> Bool {
        switch value {
        case .string(let text): text.isEmpty
        case .integer(let number): number == 0
        case .bool(let flag): !flag
        default: false
        }
    }

    private static func zero(_ type: Schema.ValueType) -> JSONValue {
        switch type {
        case .string, .bytes, .quantity: ""
        case .int32, .int64: 0
        case .bool: false
        case .array: []
        case .time, .microTime, .any: .null
        default: [:]
        }
    }
}
