import JSON
import KubernetesAPI

/// Objects in upstream's protobuf form, which its newer clients prefer for built-in types: four bytes, then an envelope that names the kind and
/// carries the message. They are turned into the tree that their JSON form would have given.
enum ProtobufObject {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// - Parameter fallback: the type of objects whose envelope names no kind.
    static func tree(_ body: [UInt8], fallback: Schema?) throws(APIStatus) -> JSONValue {
        guard body.starts(with: magic) else {
            throw .badRequest("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
        }
        let decoded: Result<JSONValue, ProtobufError> = body.withUnsafeBytes { bytes in
            do throws(ProtobufError) {
                return .success(try envelope(UnsafeRawBufferPointer(rebasing: bytes[magic.count...]), fallback))
            } catch {
                return .failure(error)
            }
        }
        switch decoded {
        case .success(let tree): return tree
        case .failure(let error): throw .badRequest("unable to decode protobuf: \(error)")
        }
    }

    private static func envelope(_ bytes: UnsafeRawBufferPointer, _ fallback: Schema?) throws(ProtobufError) -> JSONValue {
        var reader = ProtobufReader(bytes)
        var apiVersion = ""
        var kind = ""
        var raw = UnsafeRawBufferPointer(start: nil, count: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1:
                var type = ProtobufReader(try reader.bytes(field))
                while let part = try type.next() {
                    switch part.number {
                    case 1: apiVersion = try type.text(part)
                    case 2: kind = try type.text(part)
                    default: try type.skip(part)
                    }
                }
            case 2: raw = try reader.bytes(field)
            default: try reader.skip(field)
            }
        }
        guard let schema = schema(apiVersion, kind) ?? fallback else {
            throw ProtobufError("no kind \(goQuoted(kind)) is registered for version \(goQuoted(apiVersion))")
        }
        var decoder = ProtobufDecoder()
        var object = try decoder.message(raw, schema)
        if !apiVersion.isEmpty { object["apiVersion"] = .string(apiVersion) }
        if !kind.isEmpty { object["kind"] = .string(kind) }
        return .object(object)
    }

    private static func schema(_ apiVersion: String, _ kind: String) -> Schema? {
        if kind == "DeleteOptions" { return Schema.named("meta.v1.DeleteOptions") }
        let parts = apiVersion.split(separator: "/")
        return Schema.of(group: parts.count == 2 ? String(parts[0]) : "", version: parts.last.map(String.init) ?? "", kind: kind)
    }
}

/// Walks a message along the schema of its type.
struct ProtobufDecoder {
    private var depth = 0
    private static let depthMax = 100

    mutating func message(_ bytes: UnsafeRawBufferPointer, _ schema: Schema) throws(ProtobufError) -> JSONObject {
        var object = JSONObject()
        try fill(&object, bytes, ProtobufLayout.of(schema))
        return object
    }

    private mutating func fill(_ object: inout JSONObject, _ bytes: UnsafeRawBufferPointer, _ layout: ProtobufLayout) throws(ProtobufError) {
        guard depth < Self.depthMax else { throw ProtobufError("message nested too deep") }
        depth += 1
        defer { depth -= 1 }
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch layout.members[field.number] {
            case .field(let known)?:
                try read(known, field, &reader, into: &object)
            case .inline(let inner)?:
                try fill(&object, try reader.bytes(field), inner)
            case nil:
                try reader.skip(field)
            }
        }
    }

    private mutating func read(
        _ field: ProtobufLayout.Field, _ wire: ProtobufReader.Field, _ reader: inout ProtobufReader, into object: inout JSONObject
    ) throws(ProtobufError) {
        switch field.type {
        case .array(let element):
            var elements = object[field.name]?.arrayValue ?? []
            object[field.name] = .null
            if wire.kind == .bytes, element.isPackable {
                var packed = ProtobufReader(try reader.bytes(wire))
                while !packed.isAtEnd { elements.append(.integer(Int64(bitPattern: try packed.varint()))) }
            } else {
                elements.append(try value(element, wire, &reader) ?? .null)
            }
            object[field.name] = .array(elements)
        case .map(let member):
            var members = object[field.name]?.objectValue ?? JSONObject()
            object[field.name] = .null
            var entry = ProtobufReader(try reader.bytes(wire))
            var key = ""
            var read: JSONValue?
            while let part = try entry.next() {
                switch part.number {
                case 1: key = try entry.text(part)
                case 2: read = try mapValue(member, part, &entry)
                default: try entry.skip(part)
                }
            }
            members[key] = read ?? member.protobufZero
            object[field.name] = .object(members)
        default:
            guard let value = try value(field.type, wire, &reader) else { return }
            if !field.keepsZero, value.isZeroScalar { return }
            object[field.name] = value
        }
    }

    /// Lists as values of maps are messages with a list in them.
    private mutating func mapValue(
        _ type: Schema.ValueType, _ wire: ProtobufReader.Field, _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> JSONValue? {
        guard case .array(let element) = type else { return try value(type, wire, &reader) }
        var inner = ProtobufReader(try reader.bytes(wire))
        var elements: [JSONValue] = []
        while let part = try inner.next() { elements.append(try value(element, part, &inner) ?? .null) }
        return .array(elements)
    }

    /// - Returns: nil for messages that stand for nothing: the zero time, an empty raw value.
    private mutating func value(
        _ type: Schema.ValueType, _ wire: ProtobufReader.Field, _ reader: inout ProtobufReader
    ) throws(ProtobufError) -> JSONValue? {
        switch type {
        case .string: return .string(try reader.text(wire))
        case .int32: return .integer(Int64(Int32(truncatingIfNeeded: try reader.varint(wire))))
        case .int64: return .integer(Int64(bitPattern: try reader.varint(wire)))
        case .bool: return .bool(try reader.varint(wire) != 0)
        case .double: return JSONValue(Double(bitPattern: try reader.fixed64(wire)))
        case .bytes: return .string(Base64.encode(Array(try reader.bytes(wire))))
        case .quantity:
            var inner = ProtobufReader(try reader.bytes(wire))
            var text = "0"
            while let part = try inner.next() {
                if part.number == 1 { text = try inner.text(part) } else { try inner.skip(part) }
            }
            return .string(text)
        case .intOrString: return try intOrString(try reader.bytes(wire))
        case .time: return try time(try reader.bytes(wire), micro: false)
        case .microTime: return try time(try reader.bytes(wire), micro: true)
        case .any: return try any(try reader.bytes(wire))
        case .object(let reference):
            guard let schema = reference.schema else { throw ProtobufError("type \(reference.name) is not known") }
            return .object(try message(try reader.bytes(wire), schema))
        case .array, .map:
            throw ProtobufError("lists of lists have no protobuf form")
        }
    }

    private func intOrString(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> JSONValue {
        var reader = ProtobufReader(bytes)
        var isString = false
        var number: Int64 = 0
        var text = ""
        while let part = try reader.next() {
            switch part.number {
            case 1: isString = try reader.varint(part) == 1
            case 2: number = Int64(Int32(truncatingIfNeeded: try reader.varint(part)))
            case 3: text = try reader.text(part)
            default: try reader.skip(part)
            }
        }
        return isString ? .string(text) : .integer(number)
    }

    private func time(_ bytes: UnsafeRawBufferPointer, micro: Bool) throws(ProtobufError) -> JSONValue? {
        var reader = ProtobufReader(bytes)
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        while let part = try reader.next() {
            switch part.number {
            case 1: seconds = Int64(bitPattern: try reader.varint(part))
            case 2: nanoseconds = Int64(Int32(truncatingIfNeeded: try reader.varint(part)))
            default: try reader.skip(part)
            }
        }
        guard seconds != 0 || nanoseconds != 0 else { return nil }
        if !micro { return .string(Time(seconds: seconds).description) }
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        guard !overflow else { throw ProtobufError("time out of range") }
        return .string(MicroTime(microseconds: product &+ nanoseconds / 1000).description)
    }

    /// Any JSON, carried as text.
    private func any(_ bytes: UnsafeRawBufferPointer) throws(ProtobufError) -> JSONValue? {
        var reader = ProtobufReader(bytes)
        var value: JSONValue?
        while let part = try reader.next() {
            guard part.number == 1 else {
                try reader.skip(part)
                continue
            }
            let raw = try reader.bytes(part)
            guard !raw.isEmpty else { continue }
            do throws(JSONError) {
                value = try JSONValue(parsing: raw)
            } catch {
                throw ProtobufError("\(error)")
            }
        }
        return value
    }
}

extension Schema.ValueType {
    fileprivate var isPackable: Bool {
        switch self {
        case .int32, .int64, .bool: true
        default: false
        }
    }

    fileprivate var protobufZero: JSONValue {
        switch self {
        case .string, .bytes: ""
        case .int32, .int64, .double, .intOrString: 0
        case .bool: false
        case .quantity: "0"
        case .array: []
        case .object, .map: [:]
        case .time, .microTime, .any: .null
        }
    }
}

extension JSONValue {
    fileprivate var isZeroScalar: Bool {
        switch self {
        case .string(let text): text.isEmpty
        case .integer(let number): number == 0
        case .bool(let value): !value
        default: false
        }
    }
}
