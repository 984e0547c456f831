import JSON

extension Strategy {
    /// The highest value of a class that is not the system's.
    static let highestUserPriority: Int64 = 1_000_000_000
    static let systemPriorityClasses: [String: Int64] = ["system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000]

    static let priorityClass = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { priority in
            priority.setDefaultString("preemptionPolicy", "PreemptLowerPriority")
            priority.setDefault("value", 0)
        }
        $0.prepareCreate = { priority, _ in priority.editOrMake("metadata") { $0["generation"] = 1 } }
        $0.validate = { priority in
            let name = priority["metadata"]["name"].string
            let value = priority["value"].int
            if name.hasPrefix("system-") {
                if systemPriorityClasses[name] != value || priority["globalDefault"].bool {
                    priority["metadata"]["name"].forbidden(
                        "priority class names with 'system-' prefix are reserved for system use only. error: \(name) is not a known system priority class"
                    )
                }
            } else if value > highestUserPriority {
                priority["value"].forbidden("maximum allowed value of a user defined priority is \(highestUserPriority)")
            }
            priority["preemptionPolicy"].oneOf(["Never", "PreemptLowerPriority"])
        }
        $0.validateUpdate = { priority, old in
            if priority["value"].int != old.number("value") { priority["value"].forbidden("may not be changed in an update.") }
            if priority["preemptionPolicy"].value != old["preemptionPolicy"] {
                priority["preemptionPolicy"].invalid("field is immutable")
            }
        }
        $0.generation = [["never"]]
        $0.table = TableView([.name, .integer("Value"), .boolean("Global-Default"), .age, .text("PreemptionPolicy")]) { priority in
            [
                .name, .integer(priority.number("value")), .value(.bool(priority["globalDefault"]?.boolValue ?? false)), .age,
                .value(.string(priority.text("preemptionPolicy"))),
            ]
        }
    }
}
