import JSON
import Synchronization

extension Schema {
    /// The schema of a built-in type by its short name, such as `core.v1.PodSpec`.
    package static func named(_ name: String) -> Schema? {
        SchemaTables.shared.schema(name)
    }

    /// The schema of a built-in kind.
    package static func of(_ kind: GroupVersionKind) -> Schema? {
        SchemaTables.shared.name(of: kind).flatMap { named($0) }
    }

    /// The schema of a built-in kind, such as `Schema.of(group: "apps", version: "v1", kind: "Deployment")`.
    package static func of(group: String, version: String, kind: String) -> Schema? {
        of(GroupVersionKind(group: group, version: version, kind: kind))
    }

    /// The names of all built-in types, sorted.
    package static var builtInNames: [String] { SchemaTables.shared.names }
}

/// The embedded schemas. A table of lines is indexed at the first use; a type is parsed when it is first asked for.
///
///     package io.k8s.api.core.v1
///     type Pod gvk=/v1/Pod
///      spec PodSpec 2
///     type PodSpec
///      containers []Container 2 required list=map:name patch=merge:name
///
/// A field: name, type (`[]` list of, `{}` map of, a capital letter for a type of the same package, `module.Type` for one of another),
/// protobuf number (`2/1` is number 1 in the message at number 2), then flags.
final class SchemaTables: Sendable {
    static let shared = SchemaTables()

    private struct Entry {
        var package: String
        var head: EmbeddedTable.Block
        var fields: EmbeddedTable.Block
    }

    private let entries: [String: Entry]
    private let namesByKind: [GroupVersionKind: String]
    private let parsed = Mutex<[String: Schema]>([:])

    private init() {
        var entries: [String: Entry] = [:]
        var kinds: [GroupVersionKind: String] = [:]
        for table in EmbeddedTable.all {
            var package = ""
            table.forEachBlock { head, fields in
                if head.starts(with: "package ") {
                    package = String(head.words[1])
                } else if !package.isEmpty, head.starts(with: "type ") {
                    let words = head.words
                    let name = "\(table.name).\(words[1])"
                    entries[name] = Entry(package: package, head: head, fields: fields)
                    if let kind = Self.kind(words) { kinds[kind] = name }
                }
            }
        }
        self.entries = entries
        namesByKind = kinds
    }

    var names: [String] { entries.keys.sorted() }

    func name(of kind: GroupVersionKind) -> String? { namesByKind[kind] }

    func schema(_ name: String) -> Schema? {
        if let schema = parsed.withLock({ $0[name] }) { return schema }
        guard let entry = entries[name] else { return nil }
        let schema = Self.parse(name, entry)
        // Two threads may have parsed the same type; everybody gets the first one's.
        return parsed.withLock { parsed in
            if let first = parsed[name] { return first }
            parsed[name] = schema
            return schema
        }
    }

    private static func kind(_ words: [Substring]) -> GroupVersionKind? {
        guard let text = words.first(where: { $0.hasPrefix("gvk=") }) else { return nil }
        return kind(text.dropFirst(4))
    }

    /// `apps/v1/Deployment`
    static func kind(_ text: Substring) -> GroupVersionKind? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        return GroupVersionKind(group: String(parts[0]), version: String(parts[1]), kind: String(parts[2]))
    }

    private static func parse(_ name: String, _ entry: Entry) -> Schema {
        let words = entry.head.words
        let module = name.dropLast(words[1].count + 1)
        return Schema(
            name: name, openAPIName: "\(entry.package).\(words[1])", kind: kind(words), isAtomic: words.contains("atomic"),
            fields: entry.fields.lines.compactMap { field($0, of: name, module: module) })
    }

    private static func field(_ line: Substring, of type: String, module: Substring) -> Schema.Field? {
        var line = line
        var defaultValue: JSONValue?
        if let start = line.firstRange(of: " default=") {
            defaultValue = try? JSONValue(parsing: String(line[start.upperBound...]))
            line = line[..<start.lowerBound]
        }
        let words = line.split(separator: " ")
        guard words.count >= 3 else { return nil }
        var listType = Schema.ListType.atomic
        var strategy: Schema.PatchStrategy = []
        var mergeKey: String?
        for word in words[3...] {
            let (flag, value, detail) = Self.flag(word)
            switch (flag, value) {
            case ("list", "set"): listType = .set
            case ("list", "map"): listType = .map(keys: detail.split(separator: ",").map(String.init))
            case ("patch", _):
                if value.contains("merge") { strategy.insert(.merge) }
                if value.contains("retainKeys") { strategy.insert(.retainKeys) }
                if value.contains("replace") { strategy.insert(.replace) }
                if !detail.isEmpty { mergeKey = String(detail) }
            default: break
            }
        }
        return Schema.Field(
            name: String(words[0]), type: self.type(words[1], module: module), isRequired: words.dropFirst(2).contains("required"), defaultValue: defaultValue,
            listType: listType, isAtomic: words.contains("atomic"), patchStrategy: strategy, patchMergeKey: mergeKey,
            protobufPath: words[2].split(separator: "/").compactMap { Int($0) }, isEmbedded: EmbeddedFields.contains(words[0], of: type))
    }

    /// `list=map:name,protocol` in three parts.
    private static func flag(_ word: Substring) -> (Substring, Substring, Substring) {
        let parts = word.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { return (word, "", "") }
        let value = parts[1].split(separator: ":", maxSplits: 1)
        return (parts[0], value.first ?? "", value.count == 2 ? value[1] : "")
    }

    private static func type(_ text: Substring, module: Substring) -> Schema.ValueType {
        if text.hasPrefix("[]") { return .array(type(text.dropFirst(2), module: module)) }
        if text.hasPrefix("{}") { return .map(type(text.dropFirst(2), module: module)) }
        return switch text {
        case "string": .string
        case "int32": .int32
        case "int64": .int64
        case "double": .double
        case "bool": .bool
        case "bytes": .bytes
        case "intorstring": .intOrString
        case "quantity": .quantity
        case "time": .time
        case "microtime": .microTime
        case "any": .any
        default: .object(Schema.Reference(text.contains(".") ? String(text) : "\(module).\(text)"))
        }
    }
}
