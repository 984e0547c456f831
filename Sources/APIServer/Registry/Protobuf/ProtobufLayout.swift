import KubernetesAPI
import Synchronization

/// The fields of a type by their protobuf numbers.
final class ProtobufLayout: Sendable {
    struct Field: Sendable {
        let name: String
        let type: Schema.ValueType
        /// Whether a zero is a value of its own and not absence.
        let keepsZero: Bool
    }

    enum Member: Sendable {
        case field(Field)
        /// A message whose fields stand among the others in JSON.
        case inline(ProtobufLayout)
    }

    let members: [Int: Member]

    private init(members: [Int: Member]) { self.members = members }

    private static let known = Mutex<[String: ProtobufLayout]>([:])

    static func of(_ schema: Schema) -> ProtobufLayout {
        if let layout = known.withLock({ $0[schema.name] }) { return layout }
        let nullable = NullableFields.of(schema.name)
        let layout = build(schema.fields.map { ($0.protobufPath[...], Field($0, nullable)) })
        known.withLock { $0[schema.name] = layout }
        return layout
    }

    private static func build(_ fields: [(path: ArraySlice<Int>, field: Field)]) -> ProtobufLayout {
        var members: [Int: Member] = [:]
        var inner: [Int: [(path: ArraySlice<Int>, field: Field)]] = [:]
        for (path, field) in fields {
            guard let number = path.first else { continue }
            if path.count == 1 { members[number] = .field(field) } else { inner[number, default: []].append((path.dropFirst(), field)) }
        }
        for (number, fields) in inner { members[number] = .inline(build(fields)) }
        return ProtobufLayout(members: members)
    }
}

extension ProtobufLayout.Field {
    fileprivate init(_ field: Schema.Field, _ nullable: Set<Substring>) {
        self.init(name: field.name, type: field.type, keepsZero: field.isRequired || nullable.contains(field.name[...]))
    }
}
