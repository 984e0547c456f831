package import JSON

/// Brings an existing default role or binding up to what this version of the server expects, without taking anything away.
package enum PolicyReconciliation {
    package enum Step: Sendable, Equatable {
        case keep
        case update(JSONValue)
        /// A binding's role cannot be changed, so the binding is made anew.
        case replace
    }

    private static let autoupdate = "rbac.authorization.kubernetes.io/autoupdate"

    package static func step(existing: JSONValue, desired: JSONValue) -> Step {
        if existing["metadata"]?["annotations"]?[autoupdate]?.stringValue == "false" { return .keep }
        if let wanted = desired["roleRef"], let found = existing["roleRef"], found["kind"] != wanted["kind"] || found["name"] != wanted["name"] {
            return .replace
        }
        var result = existing
        for field in ["labels", "annotations"] {
            for (key, value) in desired["metadata"]?[field]?.objectValue ?? JSONObject() where result["metadata"]?[field]?[key] == nil {
                var members = result["metadata"]?[field] ?? [:]
                members[key] = value
                result["metadata"]?[field] = members
            }
        }
        if let wanted = desired["aggregationRule"], result["aggregationRule"] == nil { result["aggregationRule"] = wanted }
        append(&result, "rules", desired) { PolicyRule(json: $0) == PolicyRule(json: $1) }
        append(&result, "subjects", desired) { left, right in
            left["kind"] == right["kind"] && left["name"] == right["name"] && left["namespace"] == right["namespace"]
        }
        return result == existing ? .keep : .update(result)
    }

    private static func append(_ object: inout JSONValue, _ field: String, _ desired: JSONValue, same: (JSONValue, JSONValue) -> Bool) {
        var found = object[field]?.arrayValue ?? []
        let count = found.count
        for wanted in desired[field]?.arrayValue ?? [] where !found.contains(where: { same($0, wanted) }) { found.append(wanted) }
        if found.count != count { object[field] = .array(found) }
    }
}
