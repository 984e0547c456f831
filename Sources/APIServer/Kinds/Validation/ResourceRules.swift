import JSON
import KubernetesAPI

/// Rules for amounts of resources.
enum ResourceRules {
    /// Resources without a domain that a container can ask for.
    private static let standard: Set<String> = ["cpu", "memory", "ephemeral-storage", "storage"]

    static func quantity(_ value: JSONValue?) -> Quantity? {
        switch value {
        case .string(let text)?: Quantity(text)
        case .integer(let number)?: Quantity(String(number))
        case .number(let number)?: Quantity(number.text)
        default: nil
        }
    }

    static func nonNegativeQuantity(_ field: Field) {
        guard field.exists, let quantity = quantity(field.value) else { return }
        if quantity.sign < 0 { field.invalid("must be greater than or equal to 0") }
    }

    /// `requests` and `limits` of a container or a pod.
    static func requirements(_ resources: Field) {
        let limits = resources["limits"]
        let requests = resources["requests"]
        for list in [limits, requests] {
            list.entries { name, amount in
                if !isResourceName(name) {
                    amount.invalid(.string(name), "must be a standard resource type or fully qualified")
                    for complaint in NameValidation.qualifiedName(name) { amount.invalid(.string(name), complaint) }
                }
                nonNegativeQuantity(amount)
                if isInteger(name), let quantity = quantity(amount.value), quantity.milliValue % 1000 != 0 { amount.invalid("must be an integer") }
            }
        }
        requests.entries { name, amount in
            guard let request = quantity(amount.value) else { return }
            if let limit = quantity(limits.value?[name]) {
                if isInteger(name), request != limit {
                    requests.invalid(.string(request.description), "must be equal to \(name) limit of \(limit.description)")
                } else if request > limit {
                    requests.invalid(.string(request.description), "must be less than or equal to \(name) limit of \(limit.description)")
                }
            } else if isInteger(name) {
                limits.errors.add(FieldError(.required, limits.path, "Limit must be set for non overcommitable resources"))
            }
        }
    }

    private static func isResourceName(_ name: String) -> Bool {
        standard.contains(name) || name.hasPrefix("hugepages-") || name.contains("/")
    }

    /// Resources that can only be had in whole units and are never overcommitted.
    private static func isInteger(_ name: String) -> Bool {
        !standard.contains(name) && (name.hasPrefix("hugepages-") || name.contains("/"))
    }
}
