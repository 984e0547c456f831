import CoreV1
import JSON

/// The patch that takes the Node's status from what the API has to what was measured.
enum NodeStatusPatch {
    static func make(_ old: NodeStatus, to new: NodeStatus) -> JSONValue {
        let before = old.tree()
        var changes = JSONObject()
        for (key, value) in new.tree().objectValue ?? JSONObject() where before[key] != value {
            if key == "addresses" {
                // Addresses are merged by type, and a node may have several of one type.
                changes[key] = .array((value.arrayValue ?? []) + [["$patch": "replace"]])
            } else {
                changes[key] = value
            }
        }
        return ["status": .object(changes)]
    }

    /// Whether anything but the heartbeat changed.
    static func isWorthReporting(_ old: NodeStatus, _ new: NodeStatus) -> Bool {
        stripped(old) != stripped(new)
    }

    private static func stripped(_ status: NodeStatus) -> JSONValue {
        var copy = status
        for index in copy.conditions.indices { copy.conditions[index].lastHeartbeatTime = nil }
        copy.conditions.sort { $0.type < $1.type }
        return copy.tree()
    }
}
