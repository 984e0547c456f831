import JSON
import KubernetesAPI

extension Strategy {
    /// Stored as autoscaling/v2; autoscaling/v1 is another view of it (see `AutoscalerView`).
    static let horizontalPodAutoscaler = Strategy {
        $0.emptyStatus = ["currentMetrics": nil, "desiredReplicas": 0]
        $0.defaults = { autoscaler in
            autoscaler.editOrMake("spec") { spec in
                spec.setDefault("minReplicas", 1)
                spec.edit("behavior", AutoscalerRules.behaviorDefaults)
                if spec.list("metrics").isEmpty {
                    spec["metrics"] = [
                        ["type": "Resource", "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 80]]]
                    ]
                }
                spec.edit("behavior") { behavior in
                    behavior.editOrMake("scaleUp") { rules in
                        rules.setDefault("stabilizationWindowSeconds", 0)
                        rules.setDefaultString("selectPolicy", "Max")
                        if rules.list("policies").isEmpty {
                            rules["policies"] = [
                                ["type": "Pods", "value": 4, "periodSeconds": 15], ["type": "Percent", "value": 100, "periodSeconds": 15],
                            ]
                        }
                    }
                    behavior.editOrMake("scaleDown") { rules in
                        rules.setDefaultString("selectPolicy", "Max")
                        if rules.list("policies").isEmpty { rules["policies"] = [["type": "Percent", "value": 100, "periodSeconds": 15]] }
                    }
                }
            }
        }
        $0.validate = { autoscaler in
            let spec = autoscaler["spec"]
            if spec["minReplicas"].int < 1 { spec["minReplicas"].invalid("must be greater than or equal to 1") }
            if spec["maxReplicas"].int < 1 {
                spec["maxReplicas"].invalid(.integer(spec["maxReplicas"].int), "must be greater than 0")
            } else if spec["maxReplicas"].int < spec["minReplicas"].int {
                spec["maxReplicas"].invalid("must be greater than or equal to `minReplicas`")
            }
            AutoscalerRules.reference(spec["scaleTargetRef"])
            spec["metrics"].each(AutoscalerRules.metric)
            spec["behavior"].ifPresent(AutoscalerRules.behavior)
        }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .text("Reference"), .text("Targets"), .text("MinPods"), .text("MaxPods"), .text("Replicas"), .age,
        ]) { autoscaler in
            let target = autoscaler.at("spec", "scaleTargetRef") ?? [:]
            return [
                .name, .value(.string("\(target.text("kind"))/\(target.text("name"))")), .value(.string(AutoscalerTable.targets(autoscaler))),
                .value(.string("\(autoscaler.number("spec", "minReplicas"))")), .integer(autoscaler.number("spec", "maxReplicas")),
                .integer(autoscaler.number("status", "currentReplicas")), .age,
            ]
        }
    }
}

enum AutoscalerTable {
    static func targets(_ autoscaler: JSONValue) -> String {
        let metrics = autoscaler.list("spec", "metrics")
        let current = autoscaler.list("status", "currentMetrics")
        let texts = metrics.map { metric -> String in
            guard metric.text("type") == "Resource" else { return "<unknown>" }
            let name = metric.text("resource", "name")
            let now = current.first { $0.text("resource", "name") == name }?.at("resource", "current")
            if let wanted = metric.at("resource", "target", "averageUtilization")?.integerValue {
                let is_ = now?["averageUtilization"]?.integerValue.map { "\($0)%" } ?? "<unknown>"
                return "\(name): \(is_)/\(wanted)%"
            }
            return "\(name): \(now?.text("averageValue") ?? "<unknown>")/\(metric.text("resource", "target", "averageValue"))"
        }
        return texts.isEmpty ? "<none>" : texts.joined(separator: ", ")
    }
}
