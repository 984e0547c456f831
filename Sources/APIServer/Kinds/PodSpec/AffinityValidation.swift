import JSON
import KubernetesAPI

enum AffinityValidation {
    static func validate(_ affinity: Field) {
        guard affinity.exists else { return }
        affinity["nodeAffinity"].ifPresent(nodeAffinity)
        for kind in ["podAffinity", "podAntiAffinity"] { affinity[kind].ifPresent(podAffinity) }
    }

    static func nodeSelector(_ selector: Field) {
        guard selector.exists else { return }
        if selector["nodeSelectorTerms"].count == 0 {
            selector["nodeSelectorTerms"].errors.add(
                FieldError(.required, selector["nodeSelectorTerms"].path, "must have at least one node selector term"))
        }
        selector["nodeSelectorTerms"].each(term)
    }

    private static func nodeAffinity(_ affinity: Field) {
        nodeSelector(affinity["requiredDuringSchedulingIgnoredDuringExecution"])
        affinity["preferredDuringSchedulingIgnoredDuringExecution"].each { preferred in
            preferred["weight"].check((1...100).contains(preferred["weight"].int), "must be in the range 1-100")
            term(preferred["preference"])
        }
    }

    private static func term(_ term: Field) {
        term["matchExpressions"].each { requirement in
            requirement["key"].matches(NameValidation.qualifiedName)
            operation(requirement)
        }
        term["matchFields"].each { requirement in
            if requirement["key"].string != "metadata.name" { requirement["key"].invalid("not a valid field selector key") }
            if requirement["values"].count != 1 {
                requirement["values"].errors.add(
                    FieldError(
                        .required, requirement["values"].path, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
            }
        }
    }

    private static func operation(_ requirement: Field) {
        let values = requirement["values"]
        switch requirement["operator"].string {
        case "In", "NotIn":
            if values.count == 0 { values.errors.add(FieldError(.required, values.path, "must be specified when `operator` is 'In' or 'NotIn'")) }
        case "Exists", "DoesNotExist":
            if values.count > 0 { values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'") }
        case "Gt", "Lt":
            if values.count != 1 {
                values.errors.add(FieldError(.required, values.path, "must be specified single value when `operator` is 'Lt' or 'Gt'"))
            }
        default:
            requirement["operator"].invalid(.string(requirement["operator"].string), "not a valid selector operator")
        }
    }

    private static func podAffinity(_ affinity: Field) {
        affinity["requiredDuringSchedulingIgnoredDuringExecution"].each(podTerm)
        affinity["preferredDuringSchedulingIgnoredDuringExecution"].each { preferred in
            preferred["weight"].check((1...100).contains(preferred["weight"].int), "must be in the range 1-100")
            podTerm(preferred["podAffinityTerm"])
        }
    }

    private static func podTerm(_ term: Field) {
        LabelRules.selector(term["labelSelector"])
        LabelRules.selector(term["namespaceSelector"])
        let key = term["topologyKey"]
        if key.string.isEmpty {
            key.errors.add(FieldError(.required, key.path, "can not be empty"))
        } else {
            key.matches(NameValidation.qualifiedName)
        }
    }
}

enum TopologySpreadValidation {
    static func validate(_ constraints: Field) {
        var pairs: Set<String> = []
        constraints.each { constraint in
            if constraint["maxSkew"].int <= 0 { constraint["maxSkew"].invalid(.integer(constraint["maxSkew"].int), "must be greater than zero") }
            let key = constraint["topologyKey"]
            if key.string.isEmpty {
                key.errors.add(FieldError(.required, key.path, "can not be empty"))
            } else {
                key.matches(NameValidation.qualifiedName)
            }
            constraint["whenUnsatisfiable"].requiredOneOf(["DoNotSchedule", "ScheduleAnyway"])
            LabelRules.selector(constraint["labelSelector"])
            let pair = "{\(key.string), \(constraint["whenUnsatisfiable"].string)}"
            if !pairs.insert(pair).inserted { constraint.duplicate(.string(pair)) }
        }
    }
}
