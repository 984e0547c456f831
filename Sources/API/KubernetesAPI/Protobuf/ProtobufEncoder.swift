import JSON

/// Turns document trees into messages by the schemas' field numbers.
struct ProtobufEncoder {
    private(set) var writer = ProtobufWriter()

    /// Writes an object's fields in the order of their numbers. Members that are no fields of the message are left out.
    mutating func fields(of object: JSONObject, _ fields: ProtobufFields) throws(ProtobufError) {
        for entry in fields.ordered {
            switch entry {
            case .own(let number, let field):
                guard let value = object[field.name], !value.isNull else { continue }
                try add(value, field, number)
            case .inline(let number, let inline):
                guard inline.isSet(in: object) else { continue }
                let start = writer.beginMessage(number)
                try self.fields(of: object, inline)
                writer.endMessage(start)
            }
        }
    }

    private mutating func add(_ value: JSONValue, _ field: ProtobufFields.Field, _ number: Int) throws(ProtobufError) {
        switch field.type {
        case .array(let element):
            guard let items = value.arrayValue else { throw mismatch(field) }
            for item in items { try single(item, element, field, number) }
        case .map(let element):
            guard let members = value.objectValue else { throw mismatch(field) }
            // In the order of the keys, so that the same object always has the same bytes.
            for (key, member) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                let start = writer.beginMessage(number)
                writer.write(1, text: key)
                try mapValue(member, element, field)
                writer.endMessage(start)
            }
        default:
            try single(value, field.type, field, number)
        }
    }

    private mutating func mapValue(_ value: JSONValue, _ type: Schema.ValueType, _ field: ProtobufFields.Field) throws(ProtobufError) {
        // A moment that is not set is an empty message.
        if value.isNull { return writer.write(2, bytes: []) }
        guard case .array(let element) = type else { return try single(value, type, field, 2) }
        // A list as a map's value is a message of its own with the items at number 1.
        guard let items = value.arrayValue else { throw mismatch(field) }
        let start = writer.beginMessage(2)
        for item in items { try single(item, element, field, 1) }
        writer.endMessage(start)
    }

    private mutating func single(_ value: JSONValue, _ type: Schema.ValueType, _ field: ProtobufFields.Field, _ number: Int) throws(ProtobufError) {
        switch type {
        case .string:
            guard let text = value.stringValue else { throw mismatch(field) }
            writer.write(number, text: text)
        case .bytes:
            guard let text = value.stringValue, let data = Base64.decode(text) else { throw mismatch(field) }
            writer.write(number, bytes: data)
        case .bool:
            guard let flag = value.boolValue else { throw mismatch(field) }
            writer.write(number, varint: flag ? 1 : 0)
        case .int32, .int64:
            guard let integer = value.integerValue else { throw mismatch(field) }
            writer.write(number, varint: UInt64(bitPattern: integer))
        case .double:
            guard let double = value.doubleValue else { throw mismatch(field) }
            writer.write(number, fixed64: double.bitPattern)
        case .object(let reference):
            guard let object = value.objectValue, let schema = reference.schema else { throw mismatch(field) }
            let start = writer.beginMessage(number)
            try fields(of: object, ProtobufFields.of(schema))
            writer.endMessage(start)
        case .any:
            let start = writer.beginMessage(number)
            writer.write(1, bytes: value.serialized())
            writer.endMessage(start)
        case .quantity:
            // A quantity may be sent as a number.
            let text = value.stringValue ?? value.integerValue.map { "\($0)" } ?? String(decoding: value.serialized(), as: UTF8.self)
            let start = writer.beginMessage(number)
            writer.write(1, text: text)
            writer.endMessage(start)
        case .time:
            guard let text = value.stringValue, let time = Time(text) else { throw mismatch(field) }
            moment(number, seconds: time.seconds, nanoseconds: 0)
        case .microTime:
            guard let text = value.stringValue, let time = MicroTime(text) else { throw mismatch(field) }
            let (seconds, rest) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            moment(number, seconds: rest < 0 ? seconds - 1 : seconds, nanoseconds: (rest < 0 ? rest + 1_000_000 : rest) * 1000)
        case .intOrString:
            try intOrString(value, field, number)
        case .array, .map:
            throw mismatch(field)
        }
    }

    private mutating func moment(_ number: Int, seconds: Int64, nanoseconds: Int64) {
        let start = writer.beginMessage(number)
        writer.write(1, varint: UInt64(bitPattern: seconds))
        writer.write(2, varint: UInt64(bitPattern: nanoseconds))
        writer.endMessage(start)
    }

    private mutating func intOrString(_ value: JSONValue, _ field: ProtobufFields.Field, _ number: Int) throws(ProtobufError) {
        guard value.stringValue != nil || value.integerValue != nil else { throw mismatch(field) }
        let start = writer.beginMessage(number)
        writer.write(1, varint: value.stringValue == nil ? 0 : 1)
        writer.write(2, varint: UInt64(bitPattern: value.integerValue ?? 0))
        writer.write(3, text: value.stringValue ?? "")
        writer.endMessage(start)
    }

    private func mismatch(_ field: ProtobufFields.Field) -> ProtobufError {
        ProtobufError(description: "field \(field.name) has another type than expected")
    }
}
