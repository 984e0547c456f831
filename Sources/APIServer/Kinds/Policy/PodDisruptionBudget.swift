import JSON
import KubernetesAPI

extension Strategy {
    static let podDisruptionBudget = Strategy {
        $0.emptyStatus = ["disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0]
        $0.validate = { budget in
            let spec = budget["spec"]
            if spec["minAvailable"].exists, spec["maxUnavailable"].exists {
                spec.invalid(spec.value ?? .null, "minAvailable and maxUnavailable cannot be both set")
            }
            for field in ["minAvailable", "maxUnavailable"] {
                TemplateRules.intOrPercent(spec[field])
                TemplateRules.notMoreThanHundredPercent(spec[field])
            }
            LabelRules.selector(spec["selector"])
            spec["unhealthyPodEvictionPolicy"].oneOf(["AlwaysAllow", "IfHealthyBudget"])
        }
        $0.generation = [["spec"]]
        $0.unconditionalUpdate = false
        $0.table = TableView([.name, .text("Min Available"), .text("Max Unavailable"), .integer("Allowed Disruptions"), .age]) { budget in
            func amount(_ field: String) -> TableView.Cell {
                switch budget.at("spec", field) {
                case .integer(let number)?: .value(.string("\(number)"))
                case .string(let text)?: .value(.string(text))
                default: .value("N/A")
                }
            }
            return [.name, amount("minAvailable"), amount("maxUnavailable"), .integer(budget.number("status", "disruptionsAllowed")), .age]
        }
    }
}
