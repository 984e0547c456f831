/// Short texts about types and fields, for people who ask `kubectl explain`. Parsed at the first use.
///
///     type core.v1.PodSpec What a pod runs and how.
///      containers The containers; at least one.
///
/// A `*` for the type holds for fields of that name in all types that do not say it themselves.
package struct SchemaDescriptions: Sendable {
    package static let builtIn = SchemaDescriptions(EmbeddedTable.named("descriptions"))

    private var types: [String: String] = [:]
    /// type -> field -> text
    private var fields: [String: [String: String]] = [:]

    package func type(_ name: String) -> String? { types[name] }

    package func field(_ field: String, of type: String) -> String? {
        fields[type]?[field] ?? fields["*"]?[field]
    }

    /// The types and fields that are described, for checking that they exist.
    package var described: [(type: String, field: String?)] {
        types.keys.sorted().map { ($0, nil) }
            + fields.sorted { $0.key < $1.key }.filter { $0.key != "*" }.flatMap { type, fields in fields.keys.sorted().map { (type, $0) } }
    }

    private init(_ table: EmbeddedTable?) {
        var types: [String: String] = [:]
        var fields: [String: [String: String]] = [:]
        table?.forEachBlock { head, members in
            guard head.starts(with: "type "), let line = head.lines.first else { return }
            let parts = line.split(separator: " ", maxSplits: 2)
            guard parts.count >= 2 else { return }
            let name = String(parts[1])
            if parts.count == 3 { types[name] = String(parts[2]) }
            for line in members.lines {
                let parts = line.split(separator: " ", maxSplits: 1)
                if parts.count == 2 { fields[name, default: [:]][String(parts[0])] = String(parts[1]) }
            }
        }
        self.types = types
        self.fields = fields
    }
}
