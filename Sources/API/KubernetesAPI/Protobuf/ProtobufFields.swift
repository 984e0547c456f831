import JSON
import Synchronization

/// A schema's fields by their numbers, with the messages whose fields stand inline in JSON.
final class ProtobufFields: Sendable {
    struct Field: Sendable {
        let name: String
        let type: Schema.ValueType
        let tellsZeroFromAbsent: Bool
    }

    enum Entry: Sendable {
        case own(number: Int, Field)
        /// A message whose fields stand inline in JSON.
        case inline(number: Int, ProtobufFields)
    }

    let own: [Int: Field]
    let inline: [Int: ProtobufFields]
    /// All of them by their numbers, as they are written.
    let ordered: [Entry]

    private init(_ fields: [(path: ArraySlice<Int>, field: Field)]) {
        var own: [Int: Field] = [:]
        var nested: [Int: [(path: ArraySlice<Int>, field: Field)]] = [:]
        for (path, field) in fields {
            guard let number = path.first else { continue }
            if path.count == 1 { own[number] = field } else { nested[number, default: []].append((path.dropFirst(), field)) }
        }
        self.own = own
        let inline = nested.mapValues { ProtobufFields($0) }
        self.inline = inline
        ordered = (Array(own.keys) + Array(inline.keys)).sorted().compactMap { number in
            if let field = own[number] { return .own(number: number, field) }
            return inline[number].map { .inline(number: number, $0) }
        }
    }

    /// Whether the object has any of the fields.
    func isSet(in object: JSONObject) -> Bool {
        ordered.contains { entry in
            switch entry {
            case .own(_, let field): object[field.name].map { !$0.isNull } ?? false
            case .inline(_, let fields): fields.isSet(in: object)
            }
        }
    }

    private static let known = Mutex<[String: ProtobufFields]>([:])

    /// Made once for each type.
    static func of(_ schema: Schema) -> ProtobufFields {
        if let fields = known.withLock({ $0[schema.name] }) { return fields }
        let present = ScalarPresence.shared.fields(of: schema.name)
        let fields = ProtobufFields(
            schema.fields.map { field in
                (field.protobufPath[...], Field(name: field.name, type: field.type, tellsZeroFromAbsent: present.contains(field.name)))
            })
        known.withLock { $0[schema.name] = fields }
        return fields
    }
}

/// `scalarPresenceText`, read.
private struct ScalarPresence: Sendable {
    static let shared = ScalarPresence()

    private let fields: [String: Set<String>]

    /// Former versions of a type are as the stable one where nothing else is said of them.
    func fields(of type: String) -> Set<String> {
        if let own = fields[type] { return own }
        let parts = type.split(separator: ".")
        guard parts.count == 3, parts[1] != "v1" else { return [] }
        return fields["\(parts[0]).v1.\(parts[2])"] ?? []
    }

    private init() {
        var fields: [String: Set<String>] = [:]
        for line in scalarPresenceText.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if let name = words.first { fields[name, default: []].formUnion(words.dropFirst()) }
        }
        self.fields = fields
    }
}
