import JSON
import KubernetesAPI

/// Rules that all kinds with a pod template and a selector share.
enum TemplateRules {
    /// A pod template inside another kind; `path` is `spec.template`.
    static func validate(_ template: Field, furtherVolumes: [String: Bool] = [:]) {
        LabelRules.labels(template["metadata"]["labels"])
        LabelRules.annotations(template["metadata"]["annotations"])
        PodSpecValidation.validate(template["spec"], furtherVolumes: furtherVolumes)
        if template["spec"]["ephemeralContainers"].count > 0 {
            template["spec"]["ephemeralContainers"].forbidden("ephemeral containers not allowed in pod template")
        }
    }

    /// Selector and template of kinds that keep pods running forever.
    static func validateSelectorAndTemplate(
        _ spec: Field, kind: String, restartPolicies: [String] = ["Always"], furtherVolumes: [String: Bool] = [:]
    ) {
        let selector = spec["selector"]
        if !selector.exists {
            selector.required()
        } else {
            LabelRules.selector(selector)
            if LabelSelectorTree.isEmpty(selector.value) { selector.invalid("empty selector is invalid for \(kind)") }
        }
        validateTemplate(spec, restartPolicies: restartPolicies, furtherVolumes: furtherVolumes)
    }

    static func validateTemplate(_ spec: Field, restartPolicies: [String] = ["Always"], furtherVolumes: [String: Bool] = [:]) {
        let template = spec["template"]
        guard template.exists else {
            template.required()
            return
        }
        let labels = template["metadata"]["labels"]
        if let selector = spec["selector"].value, !LabelSelectorTree.isEmpty(selector), !LabelSelectorTree.matches(selector, labels: labels.value) {
            labels.invalid(labels.value ?? .null, "`selector` does not match template `labels`")
        }
        validate(template, furtherVolumes: furtherVolumes)
        template["spec"]["restartPolicy"].oneOf(restartPolicies)
        if template["spec"]["activeDeadlineSeconds"].exists {
            template["spec"]["activeDeadlineSeconds"].forbidden("activeDeadlineSeconds in ReplicaSet is not Supported")
        }
    }

    /// A number of pods, or a percentage of them.
    static func intOrPercent(_ field: Field) {
        switch field.value {
        case .integer(let number)?:
            if number < 0 { field.invalid("must be greater than or equal to 0") }
        case .string(let text)?:
            if percent(text) == nil {
                field.invalid(
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
                )
            }
        default:
            break
        }
    }

    static func notMoreThanHundredPercent(_ field: Field) {
        if let text = field.value?.stringValue, let percent = percent(text), percent > 100 { field.invalid("must not be greater than 100%") }
    }

    static func percent(_ text: String) -> Int64? {
        guard text.hasSuffix("%") else { return nil }
        let digits = text.dropLast()
        return !digits.isEmpty && digits.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } ? Int64(digits) : nil
    }

    static func isZero(_ field: Field) -> Bool {
        switch field.value {
        case .integer(0)?: true
        case .string(let text)?: percent(text) == 0
        default: false
        }
    }

    /// `names  images` of a template's containers for wide tables.
    static func containerNamesAndImages(_ object: JSONValue, _ path: [String] = ["spec", "template", "spec"]) -> (String, String) {
        let containers = object.valueAtPath(path[...])?.list("containers") ?? []
        return (containers.map { $0.text("name") }.joined(separator: ","), containers.map { $0.text("image") }.joined(separator: ","))
    }
}
