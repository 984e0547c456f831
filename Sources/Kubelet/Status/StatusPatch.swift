import CoreV1
import JSON
import KubernetesAPI

/// The strategic merge patch that takes a pod's status from what the API has to what it should be, touching only our own part.
enum StatusPatch {
    static func make(_ pod: Pod, to status: PodStatus) -> JSONValue {
        let old = pod.status.tree()
        let new = status.tree()
        var changes = JSONObject()
        for (key, value) in new.objectValue ?? JSONObject() where old[key] != value {
            switch key {
            case "conditions": changes[key] = .array(conditions(old[key], value))
            case "podIPs", "hostIPs": changes[key] = .array(merged(old[key], value, by: "ip"))
            default: changes[key] = value
            }
        }
        for (key, value) in old.objectValue ?? JSONObject() where new[key] == nil {
            switch key {
            case "podIPs", "hostIPs": changes[key] = .array(merged(value, nil, by: "ip"))
            case "reason", "message", "podIP", "hostIP", "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses":
                changes[key] = .null
            default: continue  // not ours
            }
        }
        return ["metadata": ["uid": .string(pod.uid)], "status": .object(changes)]
    }

    /// Only conditions that we own and that changed: those of others are theirs.
    private static func conditions(_ old: JSONValue?, _ new: JSONValue) -> [JSONValue] {
        (new.arrayValue ?? []).compactMap { condition in
            guard let type = condition["type"]?.stringValue, PodConditions.owned.contains(type) else { return nil }
            let before = old?.arrayValue?.first { $0["type"]?.stringValue == type }
            if before == condition { return nil }
            // The two are merged, so what is no longer said must be taken back.
            var change = condition
            for (key, _) in before?.objectValue ?? JSONObject() where condition[key] == nil { change[key] = .null }
            return change
        }
    }

    /// A list merged by a key: what is gone must be deleted by name.
    private static func merged(_ old: JSONValue?, _ new: JSONValue?, by key: String) -> [JSONValue] {
        let kept = new?.arrayValue ?? []
        let gone = (old?.arrayValue ?? []).compactMap { $0[key]?.stringValue }.filter { name in !kept.contains { $0[key]?.stringValue == name } }
        return kept + gone.map { ["$patch": "delete", key: .string($0)] }
    }
}
