import JSON

/// Field numbers of the protobuf messages that belong to the types of the OpenAPI document.
struct ProtobufNumbers {
    private struct Entry {
        var number: Int
        var type: String
    }

    /// package -> message -> lower-cased field name -> number and type.
    private var packages: [String: [String: [String: Entry]]] = [:]

    init(_ document: JSONValue) {
        for (package, content) in document.members {
            var messages: [String: [String: Entry]] = [:]
            for (message, fields) in content["messages"]?.members ?? [] {
                for (name, field) in fields.members {
                    messages[message, default: [:]][name.lowercased()] = Entry(
                        number: Int(field["number"]?.integerValue ?? 0), type: field["type"]?.stringValue ?? "")
                }
            }
            packages[Self.key(package), default: [:]] = messages
        }
    }

    /// The numbers to follow from the message of `type` to the JSON field: one number, or two and more where the JSON form has the fields
    /// of an embedded message inline (`Volume.emptyDir` is field 2 of the message in field 2). Empty when there is no such field.
    func path(package: String, type: String, field: String, siblings: Set<String>) -> [Int] {
        guard let message = packages[Self.key(package)]?[type] else { return [] }
        if let entry = message[field.lowercased()] { return [entry.number] }
        for (name, entry) in message.sorted(by: { $0.key < $1.key }) where !siblings.contains(name) && !entry.type.contains(".") {
            let inner = path(package: package, type: entry.type, field: field, siblings: [])
            if !inner.isEmpty { return [entry.number] + inner }
        }
        return []
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
