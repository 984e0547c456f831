import Synchronization

/// A schema's fields by their numbers, with the messages whose fields stand inline in JSON.
final class ProtobufFields: Sendable {
    struct Field: Sendable {
        let name: String
        let type: Schema.ValueType
        let tellsZeroFromAbsent: Bool
    }

    let own: [Int: Field]
    let inline: [Int: ProtobufFields]

    private init(_ fields: [(path: ArraySlice<Int>, field: Field)]) {
        var own: [Int: Field] = [:]
        var nested: [Int: [(path: ArraySlice<Int>, field: Field)]] = [:]
        for (path, field) in fields {
            guard let number = path.first else { continue }
            if path.count == 1 { own[number] = field } else { nested[number, default: []].append((path.dropFirst(), field)) }
        }
        self.own = own
        inline = nested.mapValues { ProtobufFields($0) }
    }

    private static let known = Mutex<[String: ProtobufFields]>([:])

    /// Made once for each type.
    static func of(_ schema: Schema) -> ProtobufFields {
        if let fields = known.withLock({ $0[schema.name] }) { return fields }
        let present = ScalarPresence.shared.fields[schema.name] ?? []
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

    let fields: [String: Set<String>]

    private init() {
        var fields: [String: Set<String>] = [:]
        for line in scalarPresenceText.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if let name = words.first { fields[name, default: []].formUnion(words.dropFirst()) }
        }
        self.fields = fields
    }
}
