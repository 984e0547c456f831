import JSON
import KubernetesAPI

/// Rules of the metrics of an autoscaler, and of how fast it goes.
enum AutoscalerRules {
    /// Who says something about the speed gets the rest of it said.
    @Sendable static func behaviorDefaults(_ behavior: inout JSONValue) {
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

    static func behavior(_ behavior: Field) {
        for direction in ["scaleUp", "scaleDown"] {
            behavior[direction].ifPresent { rules in
                let window = rules["stabilizationWindowSeconds"]
                if window.int < 0 { window.invalid("must be greater than or equal to zero") }
                if window.int > 3600 { window.invalid("must be less than or equal to 3600") }
                rules["selectPolicy"].oneOf(["Disabled", "Max", "Min"])
                if rules["policies"].count == 0 { rules["policies"].required("must specify at least one Policy") }
                rules["policies"].each { policy in
                    if !["Percent", "Pods"].contains(policy["type"].string) {
                        policy["type"].add(.notSupported, #"supported values: "Percent", "Pods""#)
                    }
                    if policy["value"].int <= 0 { policy["value"].invalid("must be greater than zero") }
                    if policy["periodSeconds"].int <= 0 { policy["periodSeconds"].invalid("must be greater than zero") }
                    if policy["periodSeconds"].int > 1800 { policy["periodSeconds"].invalid("must be less than or equal to 1800") }
                }
            }
        }
    }

    private static let sources = [
        "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods", "Resource": "resource",
    ]

    static func metric(_ metric: Field) {
        let type = metric["type"]
        guard !type.string.isEmpty else {
            type.required("must specify a metric source type")
            return
        }
        guard let source = sources[type.string] else {
            return type.add(.notSupported, "supported values: " + sources.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", "))
        }
        for other in sources.values.sorted() where other != source && metric[other].exists {
            metric[other].forbidden("must populate the given metric source only")
        }
        let part = metric[source]
        guard part.exists else {
            return part.errors.add(FieldError(.required, part.path, "must populate information for the given metric source"))
        }
        let wanted = part["target"]
        target(wanted)
        let (value, average, use) = (wanted["value"], wanted["averageValue"], wanted["averageUtilization"])
        switch type.string {
        case "Resource", "ContainerResource":
            if part["name"].string.isEmpty { part["name"].required("must specify a resource name") }
            if type.string == "ContainerResource", part["container"].string.isEmpty { part["container"].required("must specify a container") }
            if !average.exists, !use.exists {
                use.errors.add(FieldError(.required, use.path, "must set either a target raw value or a target utilization"))
            } else if average.exists, use.exists {
                average.forbidden("may not set both a target raw value and a target utilization")
            }
        case "Pods":
            name(part["metric"]["name"])
            if !average.exists || (ResourceRules.quantity(average.value)?.sign ?? 0) <= 0 {
                average.errors.add(FieldError(.required, average.path, "must specify a positive target averageValue"))
            }
        case "Object":
            reference(part["describedObject"])
            name(part["metric"]["name"])
            if !value.exists, !average.exists {
                average.errors.add(FieldError(.required, average.path, "must set either a target value or averageValue"))
            }
        default:
            name(part["metric"]["name"])
            if !value.exists, !average.exists {
                average.errors.add(FieldError(.required, average.path, "must set either a target value for metric or a per-pod target"))
            } else if value.exists, average.exists {
                value.forbidden("may not set both a target value for metric and a per-pod target")
            }
        }
    }

    static func reference(_ reference: Field) {
        for field in ["kind", "name"] {
            if reference[field].string.isEmpty { reference[field].required() } else { reference[field].matches(NameValidation.pathSegmentName) }
        }
    }

    private static func name(_ name: Field) {
        if name.string.isEmpty { name.required("must specify a metric name") } else { name.matches(NameValidation.pathSegmentName) }
    }

    private static func target(_ target: Field) {
        let type = target["type"]
        if type.string.isEmpty {
            type.required("must specify a metric target type")
        } else if !["AverageValue", "Utilization", "Value"].contains(type.string) {
            type.invalid("must be either Utilization, Value, or AverageValue")
        }
        for field in ["value", "averageValue"] {
            guard let quantity = ResourceRules.quantity(target[field].value), quantity.sign <= 0 else { continue }
            target[field].invalid("must be positive")
        }
        if target["averageUtilization"].exists, target["averageUtilization"].int < 1 {
            target["averageUtilization"].invalid("must be greater than 0")
        }
    }
}
