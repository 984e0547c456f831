import JSON

/// Field numbers of the protobuf messages that belong to the types of the OpenAPI document.
struct ProtobufNumbers {
    struct Field {
        var name: String
        var number: Int
        /// A scalar's name, a message of the same package, one of another with a dot before its full name, or `map<string,...>`.
        var type: String
        var isRepeated: Bool
    }

    /// package -> message -> lower-cased field name -> field.
    private var packages: [String: [String: [String: Field]]] = [:]

    init(_ document: JSONValue) {
        for (package, content) in document.members {
            var messages: [String: [String: Field]] = [:]
            for (message, fields) in content["messages"]?.members ?? [] {
                messages[message] = [:]
                for (name, field) in fields.members {
                    messages[message, default: [:]][name.lowercased()] = Field(
                        name: name, number: Int(field["number"]?.integerValue ?? 0), type: field["type"]?.stringValue ?? "",
                        isRepeated: field["label"]?.stringValue == "repeated")
                }
            }
            packages[Self.key(package), default: [:]] = messages
        }
    }

    /// The numbers to follow from the message of `type` to the JSON field: one number, or two and more where the JSON form has the fields
    /// of an embedded message inline (`Volume.emptyDir` is field 2 of the message in field 2). Empty when there is no such field.
    func path(package: String, type: String, field: String, siblings: Set<String>) -> [Int] {
        guard let message = packages[Self.key(package)]?[type] else { return [] }
        if let entry = message[field.lowercased()] {
            guard !entry.isRepeated, let items = textList(self.type(entry.type, in: package)) else { return [entry.number] }
            return [entry.number, items.number]
        }
        for (name, entry) in message.sorted(by: { $0.key < $1.key }) where !siblings.contains(name) && !entry.isRepeated {
            let embedded = self.type(entry.type, in: package)
            let inner = path(package: embedded.package, type: embedded.name, field: field, siblings: [])
            if !inner.isEmpty { return [entry.number] + inner }
        }
        return []
    }

    /// The type of a field of a message in `package`.
    private func type(_ text: String, in package: String) -> TypeID {
        text.hasPrefix(".") ? TypeID(definition: Self.documentName(String(text.dropFirst()))) : TypeID(package: package, name: text)
    }

    /// The one field of a message that stands for a list of texts, as the verbs of a resource do; nil for other messages.
    func textList(_ id: TypeID) -> Field? {
        let fields = fields(of: id)
        return fields.count == 1 && fields[0].name == "items" && fields[0].type == "string" ? fields[0] : nil
    }

    /// As the OpenAPI document calls them.
    var packageNames: [String] { packages.keys.map(Self.documentName) }

    func messageNames(of package: String) -> [String] { packages[Self.key(package)].map { Array($0.keys) } ?? [] }

    /// The fields of a message by their numbers; none when there is no such message.
    func fields(of id: TypeID) -> [Field] {
        (packages[Self.key(id.package)]?[id.name]?.values).map { $0.sorted { $0.number < $1.number } } ?? []
    }

    /// `k8s.io.api.core.v1.Pod` as the OpenAPI document has it: `io.k8s.api.core.v1.Pod`.
    static func documentName(_ name: String) -> String {
        name.hasPrefix("k8s.io.") ? "io.k8s." + name.dropFirst("k8s.io.".count) : name
    }

    /// Package names differ between the two inputs in their first and in their punctuation: `io.k8s.api.core.v1`, `k8s.io.api.core.v1`.
    private static func key(_ package: String) -> String {
        var parts = package.split(separator: ".").map { $0.replacing("-", with: "_") }
        if parts.starts(with: ["io", "k8s"]) { parts.swapAt(0, 1) }
        return parts.joined(separator: ".")
    }
}

extension JSONValue {
    /// The members of an object sorted by name; empty for anything else.
    var members: [(key: String, value: JSONValue)] {
        (objectValue ?? JSONObject()).map { ($0.key, $0.value) }.sorted { $0.key < $1.key }
    }
}
