import JSON
import KubernetesAPI

extension Strategy {
    static let validatingAdmissionPolicy = Strategy {
        $0.defaults = { policy in
            policy.edit("spec") { spec in
                spec.setDefaultString("failurePolicy", "Fail")
                spec.edit("matchConstraints", MatchRules.defaults)
            }
        }
        $0.validate = { policy in
            let spec = policy["spec"]
            PolicyRules.common(spec, "ValidatingAdmissionPolicy")
            let (validations, annotations) = (spec["validations"], spec["auditAnnotations"])
            if validations.count == 0, annotations.count == 0 {
                validations.errors.add(FieldError(.required, validations.path, "validations or auditAnnotations must be non-empty"))
                annotations.errors.add(FieldError(.required, annotations.path, "validations or auditAnnotations must be non-empty"))
            }
            validations.each { validation in
                PolicyRules.expression(validation["expression"])
                let message = validation["message"]
                if message.exists {
                    if message.string.contains(where: \.isNewline) { message.invalid("message must not contain line breaks") }
                    if message.string.allSatisfy(\.isWhitespace) { message.invalid("message must be non-empty if specified") }
                }
                validation["reason"].oneOf(["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"])
            }
            var keys: Set<String> = []
            annotations.maxItems(20).each { annotation in
                let key = annotation["key"]
                if key.string.isEmpty { key.required() } else if !keys.insert(key.string).inserted { key.duplicate(.string(key.string)) }
                key.matchesUnlessEmpty { NameValidation.qualifiedName($0) }
                PolicyRules.expression(annotation["valueExpression"])
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .integer("Validations"), .text("ParamKind"), .age]) { policy in
            [.name, .integer(Int64(policy.list("spec", "validations").count)), .value(.string(PolicyRules.paramKind(policy))), .age]
        }
    }

    static let validatingAdmissionPolicyBinding = policyBinding { spec in
        let actions = spec["validationActions"]
        if actions.count == 0 { actions.required() }
        let listed = (actions.value?.arrayValue ?? []).compactMap(\.stringValue)
        actions.each { $0.oneOf(["Audit", "Deny", "Warn"]) }
        if listed.contains("Deny"), listed.contains("Warn") {
            actions.invalid(
                "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)"
            )
        }
    }

    static let mutatingAdmissionPolicy = Strategy {
        $0.emptyStatus = nil
        $0.defaults = { policy in
            policy.edit("spec") { spec in
                spec.setDefaultString("failurePolicy", "Fail")
                spec.setDefaultString("reinvocationPolicy", "Never")
                spec.edit("matchConstraints", MatchRules.defaults)
            }
        }
        $0.validate = { policy in
            let spec = policy["spec"]
            PolicyRules.common(spec, "MutatingAdmissionPolicy")
            if spec["mutations"].count == 0 {
                spec["mutations"].errors.add(FieldError(.required, spec["mutations"].path, "mutations must contain at least one item"))
            }
            spec["mutations"].each { mutation in
                let type = mutation["patchType"]
                switch type.string {
                case "ApplyConfiguration", "JSONPatch":
                    let (own, other) = type.string == "JSONPatch" ? ("jsonPatch", "applyConfiguration") : ("applyConfiguration", "jsonPatch")
                    if mutation[other].exists { mutation[other].invalid("must not be set when patchType is \(type.string)") }
                    if mutation[own].exists {
                        PolicyRules.expression(mutation[own]["expression"])
                    } else {
                        mutation.errors.add(FieldError(.required, mutation[own].path, "must be specified when patchType is \(type.string)"))
                    }
                default: type.requiredOneOf(["ApplyConfiguration", "JSONPatch"])
                }
            }
            spec["reinvocationPolicy"].requiredOneOf(["IfNeeded", "Never"])
        }
        $0.generation = [["spec"]]
        $0.table = TableView([.name, .integer("Mutations"), .text("ParamKind"), .age]) { policy in
            [.name, .integer(Int64(policy.list("spec", "mutations").count)), .value(.string(PolicyRules.paramKind(policy))), .age]
        }
    }

    static let mutatingAdmissionPolicyBinding = policyBinding { _ in }

    private static func policyBinding(_ further: @escaping @Sendable (Field) -> Void) -> Strategy {
        Strategy {
            $0.emptyStatus = nil
            $0.defaults = { binding in binding.edit("spec") { $0.edit("matchResources", MatchRules.defaults) } }
            $0.validate = { binding in
                let spec = binding["spec"]
                let name = spec["policyName"]
                if name.string.isEmpty { name.required() } else { name.matches(NameValidation.dns1123Subdomain) }
                spec["paramRef"].ifPresent(PolicyRules.paramRef)
                spec["matchResources"].ifPresent(MatchRules.resources)
                further(spec)
            }
            $0.generation = [["spec"]]
            $0.table = TableView([.name, .text("PolicyName"), .text("ParamRef"), .age]) { binding in
                let reference = binding.at("spec", "paramRef")
                let names = [reference?.text("namespace") ?? "", reference?.text("name") ?? ""].filter { !$0.isEmpty }
                return [
                    .name, .value(.string(binding.text("spec", "policyName"))),
                    .value(.string(names.isEmpty ? "<unset>" : names.joined(separator: "/"))), .age,
                ]
            }
        }
    }
}

private enum PolicyRules {
    /// What both kinds of policies have.
    static func common(_ spec: Field, _ kind: String) {
        spec["failurePolicy"].requiredOneOf(["Fail", "Ignore"])
        spec["paramKind"].ifPresent { param in
            let version = param["apiVersion"]
            if version.string.isEmpty {
                version.required()
            } else if version.string.split(separator: "/", omittingEmptySubsequences: false).count > 2 {
                version.invalid("unexpected GroupVersion string: \(version.string)")
            }
            if param["kind"].string.isEmpty { param["kind"].required() }
        }
        let match = spec["matchConstraints"]
        if !match.exists {
            match.errors.add(FieldError(.required, match.path))
        } else {
            MatchRules.resources(match)
            if match["resourceRules"].count == 0 { match["resourceRules"].required() }
        }
        MatchRules.conditions(spec["matchConditions"])
        var names: Set<String> = []
        spec["variables"].each { variable in
            let name = variable["name"]
            if name.string.isEmpty {
                name.required("name is not specified")
            } else {
                if !NameValidation.cIdentifier(name.string).isEmpty { name.invalid("name is not a valid CEL identifier") }
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            }
            expression(variable["expression"])
        }
    }

    static func expression(_ expression: Field) {
        if expression.string.allSatisfy(\.isWhitespace) {
            expression.errors.add(FieldError(.required, expression.path, "expression is not specified"))
        }
    }

    static func paramRef(_ reference: Field) {
        let (name, selector) = (reference["name"], reference["selector"])
        if !name.string.isEmpty {
            name.matches(NameValidation.pathSegmentName)
            if selector.exists { selector.forbidden("name and selector are mutually exclusive") }
        } else if !selector.exists {
            reference.errors.add(FieldError(.required, reference.path, "one of name or selector must be specified"))
        }
        LabelRules.selector(selector)
        let action = reference["parameterNotFoundAction"]
        if action.string.isEmpty {
            action.errors.add(FieldError(.required, action.path, "parameterNotFoundAction is required"))
        } else {
            action.oneOf(["Allow", "Deny"])
        }
    }

    static func paramKind(_ policy: JSONValue) -> String {
        guard let kind = policy.at("spec", "paramKind"), !kind.isNull else { return "<unset>" }
        return "\(kind.text("apiVersion"))/\(kind.text("kind"))"
    }
}
