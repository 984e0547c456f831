import JSON
import KubernetesAPI

extension Strategy {
    static let limitRange = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { range in
            range.edit("spec") { spec in
                spec.editEach("limits") { item in
                    guard item.text("type") == "Container" else { return }
                    // What is not said follows from what is: max -> default limit -> default request <- min.
                    copyMissing(&item, from: "max", to: "default")
                    copyMissing(&item, from: "default", to: "defaultRequest")
                    copyMissing(&item, from: "min", to: "defaultRequest")
                }
            }
        }
        $0.validate = { range in
            range["spec"]["limits"].each { item in
                if item["type"].string.isEmpty { item["type"].required() }
                compare(item, "min", "max", "min value %a is greater than max value %b")
                compare(item, "min", "default", "min value %a is greater than default value %b")
                compare(item, "default", "max", "default value %a is greater than max value %b")
                compare(item, "defaultRequest", "max", "default request value %a is greater than max value %b")
                compare(item, "defaultRequest", "default", "default request value %a is greater than default limit value %b")
            }
        }
        $0.table = TableView([.name, TableView.Column(name: "Created At", type: "date")]) {
            [.name, .value(.string($0.text("metadata", "creationTimestamp")))]
        }
    }

    private static func copyMissing(_ item: inout JSONValue, from source: String, to target: String) {
        guard let amounts = item[source]?.objectValue, !amounts.isEmpty else { return }
        item.editOrMake(target) { target in
            for (name, amount) in amounts where target[name] == nil { target[name] = amount }
        }
    }

    private static func compare(_ item: Field, _ low: String, _ high: String, _ message: String) {
        item[low].entries { name, amount in
            guard let a = ResourceRules.quantity(amount.value), let b = ResourceRules.quantity(item[high].value?[name]), a > b else { return }
            let words = message.replacing("%a", with: a.description).replacing("%b", with: b.description)
            item[low].errors.add(FieldError(.invalid, .entry(item[low].path, name), value: .string(a.description), words))
        }
    }

    static let resourceQuota = Strategy {
        $0.returnsDeleted = true
        $0.validate = { quota in
            quota["spec"]["hard"].entries { _, amount in ResourceRules.nonNegativeQuantity(amount) }
            quota["spec"]["scopes"].each {
                $0.oneOf([
                    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
                    "VolumeAttributesClass",
                ])
            }
        }
        $0.validateUpdate = { quota, old in quota["spec"]["scopes"].immutable(since: old.at("spec", "scopes")) }
        $0.table = TableView([.name, .text("Request"), .text("Limit"), .age]) { quota in
            var requests: [String] = []
            var limits: [String] = []
            for (name, hard) in (quota.at("status", "hard")?.objectValue ?? [:]).sortedByKey() {
                let used = ResourceRules.quantity(quota.at("status", "used", name))?.description ?? "0"
                let text = "\(name): \(used)/\(ResourceRules.quantity(hard)?.description ?? "0")"
                if name.hasPrefix("limits.") { limits.append(text) } else { requests.append(text) }
            }
            return [.name, .value(.string(requests.joined(separator: ", "))), .value(.string(limits.joined(separator: ", "))), .age]
        }
    }
}
