import JSON
import KubernetesAPI

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Makes objects of a type that have a few of its fields, without empty parts.
struct RandomConfigurations {
    var generator: SeededGenerator
    /// How likely a field is to be there, in percent.
    var density = 30

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    private mutating func word() -> String { ["a", "b", "c", "web", "x/y", "ü"].randomElement(using: &generator) ?? "a" }

    mutating func object(_ schema: Schema, depth: Int = 7) -> JSONValue {
        var members: [JSONObject.Element] = []
        for field in schema.fields.shuffled(using: &generator) where chance(density) {
            if let value = value(field.type, field.listType, depth: depth - 1) { members.append((field.name, value)) }
        }
        return .object(JSONObject(uniqueEntries: members))
    }

    /// nil for what would be empty or too deep.
    private mutating func value(_ type: Schema.ValueType, _ listType: Schema.ListType, depth: Int) -> JSONValue? {
        switch type {
        case .string, .bytes, .time, .microTime, .quantity: return .string(word())
        case .int32, .int64, .double: return .integer(Int64.random(in: 0..<4, using: &generator))
        case .bool: return .bool(Bool.random(using: &generator))
        case .intOrString: return chance(50) ? .integer(80) : .string(word())
        case .any: return ["any": .string(word())]
        case .object(let reference):
            guard depth > 0, let schema = reference.schema else { return nil }
            let made = object(schema, depth: depth)
            return made.objectValue?.isEmpty == true ? .none : .some(made)
        case .map(let element):
            var members = JSONObject()
            for _ in 0..<Int.random(in: 1...3, using: &generator) { members[word()] = value(element, .atomic, depth: depth - 1) }
            return members.isEmpty ? .none : .some(.object(members))
        case .array(let element): return list(element, listType, depth: depth)
        }
    }

    private mutating func list(_ element: Schema.ValueType, _ listType: Schema.ListType, depth: Int) -> JSONValue? {
        var items: [JSONValue] = []
        var seen: [String] = []
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            guard var item = value(element, .atomic, depth: depth - 1) else { continue }
            var identity = item.description
            if case .map(let keys) = listType {
                for key in keys {
                    if let type = element.elementSchema?.field(key)?.type, let value = value(type, .atomic, depth: 1) { item[key] = value }
                }
                identity = keys.map { item[$0]?.description ?? "" }.joined(separator: "/")
            }
            if listType != .atomic, seen.contains(identity) { continue }
            seen.append(identity)
            items.append(item)
        }
        return items.isEmpty ? .none : .some(.array(items))
    }

    /// A set of fields of objects of the type.
    mutating func fieldSet(_ schema: Schema) -> FieldSet {
        let whole = FieldSet(of: object(schema), schema: schema)
        var set = FieldSet()
        for path in whole.paths where chance(70) { set.insert(path[...]) }
        return set
    }
}

/// A type with every way in which apply can see a field.
enum Sample {
    static let part = Schema(
        name: "sample.Part", openAPIName: "sample.Part",
        fields: [
            Schema.Field(name: "name", type: .string, isRequired: true), Schema.Field(name: "protocol", type: .string, defaultValue: "TCP"),
            Schema.Field(name: "value", type: .int32), Schema.Field(name: "set", type: .array(.string), listType: .set),
        ])
    static let atomic = Schema(
        name: "sample.Atomic", openAPIName: "sample.Atomic", isAtomic: true,
        fields: [Schema.Field(name: "a", type: .string), Schema.Field(name: "b", type: .string)])
    static let inner = Schema(
        name: "sample.Inner", openAPIName: "sample.Inner",
        fields: [
            Schema.Field(name: "number", type: .int64), Schema.Field(name: "map", type: .map(.string)),
            Schema.Field(name: "parts", type: .array(.object(Schema.Reference(part))), listType: .map(keys: ["name", "protocol"])),
        ])
    static let schema = Schema(
        name: "sample.Root", openAPIName: "sample.Root",
        fields: [
            Schema.Field(name: "string", type: .string), Schema.Field(name: "number", type: .int32), Schema.Field(name: "bool", type: .bool),
            Schema.Field(name: "set", type: .array(.string), listType: .set), Schema.Field(name: "list", type: .array(.string)),
            Schema.Field(name: "map", type: .map(.string)), Schema.Field(name: "atomicMap", type: .map(.string), isAtomic: true),
            Schema.Field(name: "atomic", type: .object(Schema.Reference(atomic))),
            Schema.Field(name: "inner", type: .object(Schema.Reference(inner)), isEmbedded: true),
            Schema.Field(name: "pointer", type: .object(Schema.Reference(inner))),
            Schema.Field(name: "parts", type: .array(.object(Schema.Reference(part))), listType: .map(keys: ["name", "protocol"])),
        ])

    static let schemas: [Schema] =
        [schema]
        + ["core.v1.Pod", "core.v1.Service", "core.v1.Node", "apps.v1.Deployment", "networking.v1.NetworkPolicy", "core.v1.Event"].compactMap {
            Schema.named($0)
        }
}

/// Reads a document that the test has written.
func json(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }
