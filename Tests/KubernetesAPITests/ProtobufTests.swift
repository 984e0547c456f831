import JSON
import Testing

@testable import KubernetesAPI

@Suite struct ProtobufTests {
    /// What is written and read again is what it was, for every kind, with values of every type in every field.
    @Test func everyKindGoesThereAndBack() throws {
        var made = RandomMessages(seed: 7)
        var kinds = 0
        for name in Schema.builtInNames {
            guard let schema = Schema.named(name), let known = schema.kind, schema.field("kind") != nil else { continue }
            let (apiVersion, kind) = (known.apiVersion, known.kind)
            // Schemas of schemas have no end, and are not in protobuf as they are in JSON.
            if known.group == "apiextensions.k8s.io" { continue }
            for isFull in [true, false, false] {
                made.isFull = isFull
                var object = made.object(schema, depth: 0)
                object["apiVersion"] = .string(apiVersion)
                object["kind"] = .string(kind)
                let message = try ProtobufDocument.message(object, schema)
                let back = try ProtobufDocument.tree(ProtobufDocument.enveloped(message, apiVersion: apiVersion, kind: kind))
                #expect(back == object, "\(name)")
            }
            kinds += 1
        }
        #expect(kinds > 150)
    }

    @Test(arguments: [127, 128, 16383, 16384])
    func lengthsOfMessages(_ length: Int) throws {
        let schema = try #require(Schema.of(GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")))
        let object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "a"], "data": ["k": .string(String(repeating: "x", count: length))],
        ]
        let message = try ProtobufDocument.message(object, schema)
        #expect(try ProtobufDocument.tree(ProtobufDocument.enveloped(message, apiVersion: "v1", kind: "ConfigMap")) == object)
    }

    @Test func theBytesAreThoseOfTheFormat() throws {
        let schema = try #require(Schema.of(GroupVersionKind(apiVersion: "v1", kind: "ConfigMap")))
        let message = try ProtobufDocument.message(["metadata": ["name": "a"], "immutable": true, "data": ["b": "2", "a": "1"]], schema)
        #expect(message == [0x0A, 3, 0x0A, 1, 0x61, 0x12, 6, 0x0A, 1, 0x61, 0x12, 1, 0x31, 0x12, 6, 0x0A, 1, 0x62, 0x12, 1, 0x32, 0x20, 1])
        let event = ProtobufDocument.event(type: "ADDED", object: [1, 2])
        #expect(event == [0x0A, 5, 0x41, 0x44, 0x44, 0x45, 0x44, 0x12, 4, 0x0A, 2, 1, 2])
        let envelope = ProtobufDocument.enveloped([9], apiVersion: "v1", kind: "X")
        #expect(envelope == [0x6B, 0x38, 0x73, 0, 0x0A, 7, 0x0A, 2, 0x76, 0x31, 0x12, 1, 0x58, 0x12, 1, 9, 0x1A, 0, 0x22, 0])
    }

    @Test func whatIsNotAsTheSchemaSaysIsRefused() throws {
        let schema = try #require(Schema.of(GroupVersionKind(apiVersion: "v1", kind: "Pod")))
        for object: JSONValue in [
            ["spec": ["containers": "x"]], ["metadata": ["creationTimestamp": "yesterday"]], ["spec": ["hostNetwork": 1]],
            ["metadata": ["labels": ["a": 1]]],
        ] {
            #expect(throws: ProtobufError.self) { try ProtobufDocument.message(object, schema) }
        }
    }
}

/// Objects with values for about half of a schema's fields, or for all; the same for the same seed.
private struct RandomMessages {
    private var state: UInt64
    var isFull = false

    init(seed: UInt64) { state = seed }

    private mutating func number(_ limit: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % limit
    }

    mutating func object(_ schema: Schema, depth: Int) -> JSONValue {
        var object = JSONObject()
        for field in schema.fields where !field.protobufPath.isEmpty && (isFull || number(2) == 0) {
            if let value = value(field.type, depth: depth + 1) { object[field.name] = value }
        }
        return .object(object)
    }

    /// Nothing that protobuf cannot tell from an absent field: no empty lists, maps, texts, no zeros.
    private mutating func value(_ type: Schema.ValueType, depth: Int) -> JSONValue? {
        switch type {
        case .string: return .string("text-\(number(1000))é")
        case .bytes: return .string(Base64.encode([UInt8(number(256)), 0, 255]))
        case .bool: return true
        case .int32: return .integer(Int64(number(1 << 20)) - (1 << 21))
        case .int64: return .integer(Int64(number(1 << 30)) << 20 + 1)
        case .double: return 1.5
        case .intOrString: return number(2) == 0 ? "50%" : .integer(Int64(number(100)) + 1)
        case .quantity: return .string("\(number(100) + 1)Mi")
        case .time: return .string(Time(seconds: Int64(number(1 << 30))).description)
        case .microTime: return .string(MicroTime(microseconds: Int64(number(1 << 30)) * 1000 + 7).description)
        case .any: return ["k": .integer(Int64(number(100))), "l": [1, "x", nil]]
        case .object(let reference):
            guard depth < 6, let schema = reference.schema, case let made = object(schema, depth: depth), made.objectValue?.isEmpty == false else {
                return nil
            }
            return made
        case .array(let element):
            let items = (0...number(2)).compactMap { _ in value(element, depth: depth + 1) }
            return items.isEmpty ? nil : .array(items)
        case .map(let element):
            var map = JSONObject()
            for index in 0...number(2) { map["key-\(index)"] = value(element, depth: depth + 1) }
            return map.isEmpty ? nil : .object(map)
        }
    }
}
