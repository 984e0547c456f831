import JSON

/// Label selectors in the form in which objects bear them.
enum LabelSelectorTree {
    /// Whether a `LabelSelector` selects an object with these labels. An absent selector selects nothing, an empty one everything.
    static func matches(_ selector: JSONValue?, labels: JSONValue?) -> Bool {
        guard let selector, !selector.isNull else { return false }
        if let required = selector["matchLabels"]?.objectValue {
            for (key, value) in required where labels?[key] != value { return false }
        }
        for requirement in selector.list("matchExpressions") {
            let value = labels?[requirement.text("key")]
            let listed = value.map { requirement.list("values").contains($0) } ?? false
            switch requirement.text("operator") {
            case "In": if !listed { return false }
            case "NotIn": if listed { return false }
            case "Exists": if value == nil { return false }
            case "DoesNotExist": if value != nil { return false }
            default: return false
            }
        }
        return true
    }

    static func isEmpty(_ selector: JSONValue?) -> Bool {
        (selector?["matchLabels"]?.objectValue?.isEmpty ?? true) && (selector?.list("matchExpressions").isEmpty ?? true)
    }

    /// The selector as `kubectl` prints it and as `Scale` bears it: `app=web,tier in (a,b)`; sorted by key.
    static func text(_ selector: JSONValue) -> String {
        var parts: [(String, String)] = []
        if let labels = selector["matchLabels"]?.objectValue {
            for (key, value) in labels { parts.append((key, "\(key)=\(value.stringValue ?? "")")) }
        }
        for requirement in selector.list("matchExpressions") {
            let key = requirement.text("key")
            let values = requirement.list("values").compactMap(\.stringValue).sorted().joined(separator: ",")
            switch requirement.text("operator") {
            case "In": parts.append((key, "\(key) in (\(values))"))
            case "NotIn": parts.append((key, "\(key) notin (\(values))"))
            case "Exists": parts.append((key, key))
            case "DoesNotExist": parts.append((key, "!\(key)"))
            default: break
            }
        }
        return parts.sorted { $0.0 < $1.0 }.map(\.1).joined(separator: ",")
    }

    /// A plain map of labels in the same form.
    static func text(labels: JSONValue?) -> String {
        guard let object = labels?.objectValue else { return "" }
        return object.map { "\($0.key)=\($0.value.stringValue ?? "")" }.sorted().joined(separator: ",")
    }
}
