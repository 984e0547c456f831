import JSON
import KubernetesAPI

extension Strategy {
    static let mutatingWebhookConfiguration = webhookConfiguration(isMutating: true)
    static let validatingWebhookConfiguration = webhookConfiguration(isMutating: false)

    private static func webhookConfiguration(isMutating: Bool) -> Strategy {
        Strategy {
            $0.emptyStatus = nil
            $0.defaults = { configuration in
                configuration.editEach("webhooks") { webhook in
                    webhook.setDefaultString("failurePolicy", "Fail")
                    webhook.setDefaultString("matchPolicy", "Equivalent")
                    webhook.setDefault("namespaceSelector", [:])
                    webhook.setDefault("objectSelector", [:])
                    webhook.setDefault("timeoutSeconds", 10)
                    if isMutating { webhook.setDefaultString("reinvocationPolicy", "Never") }
                    webhook.edit("clientConfig") { $0.edit("service") { $0.setDefault("port", 443) } }
                    webhook.editEach("rules") { $0.setDefaultString("scope", "*") }
                }
            }
            $0.validate = { configuration in
                var names: Set<String> = []
                configuration["webhooks"].each { webhook in
                    WebhookRules.webhook(webhook, isMutating: isMutating)
                    let name = webhook["name"]
                    if !name.string.isEmpty, !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
                }
            }
            $0.generation = [["webhooks"]]
            $0.table = TableView([.name, .integer("Webhooks"), .age]) { [.name, .integer(Int64($0.list("webhooks").count)), .age] }
        }
    }
}

private enum WebhookRules {
    static func webhook(_ webhook: Field, isMutating: Bool) {
        let name = webhook["name"]
        if name.string.isEmpty {
            name.required()
        } else {
            for complaint in NameValidation.dns1123Subdomain(name.string) { name.invalid(complaint) }
            if name.string.split(separator: ".", omittingEmptySubsequences: false).count < 3 {
                name.invalid("should be a domain with at least three segments separated by dots")
            }
        }
        let versions = webhook["admissionReviewVersions"]
        if versions.count == 0 {
            versions.required("must specify one of v1, v1beta1")
        } else {
            var seen: Set<String> = []
            versions.each { version in
                if !seen.insert(version.string).inserted { version.invalid("duplicate version") }
                version.matches(NameValidation.dns1035Label)
            }
            if seen.isDisjoint(with: ["v1", "v1beta1"]) {
                versions.invalid("must include at least one of v1, v1beta1")
            }
        }
        webhook["rules"].each { MatchRules.rule($0, operations: true) }
        webhook["failurePolicy"].oneOf(["Fail", "Ignore"])
        webhook["matchPolicy"].oneOf(["Equivalent", "Exact"])
        let effects = webhook["sideEffects"]
        if effects.string.isEmpty { effects.required("must specify one of None, NoneOnDryRun") } else { effects.oneOf(["None", "NoneOnDryRun"]) }
        if webhook["timeoutSeconds"].exists, !(1...30).contains(webhook["timeoutSeconds"].int) {
            webhook["timeoutSeconds"].invalid("the timeout value must be between 1 and 30 seconds")
        }
        LabelRules.selector(webhook["namespaceSelector"])
        LabelRules.selector(webhook["objectSelector"])
        if isMutating { webhook["reinvocationPolicy"].oneOf(["IfNeeded", "Never"]) }
        WebhookClient.validate(webhook["clientConfig"])
        MatchRules.conditions(webhook["matchConditions"])
    }
}

/// What admission is registered for: rules and conditions, in webhooks and in policies.
enum MatchRules {
    static func rule(_ rule: Field, operations: Bool) {
        if operations {
            some(rule["operations"])
            rule["operations"].each { $0.oneOf(["*", "CONNECT", "CREATE", "DELETE", "UPDATE"]) }
            alone(rule["operations"], "if '*' is present, must not specify other operations")
        }
        some(rule["apiGroups"])
        alone(rule["apiGroups"], "if '*' is present, must not specify other API groups")
        some(rule["apiVersions"])
        alone(rule["apiVersions"], "if '*' is present, must not specify other API versions")
        rule["apiVersions"].each { if $0.string.isEmpty { $0.required() } }
        some(rule["resources"])
        resourceNames(rule["resources"])
        rule["scope"].oneOf(["*", "Cluster", "Namespaced"])
    }

    private static func resourceNames(_ resources: Field) {
        let listed = (resources.value?.arrayValue ?? []).compactMap(\.stringValue)
        /// Resources of which all subresources were named before, and subresources of all resources.
        var wholes: Set<Substring> = []
        var everywhere: Set<Substring> = []
        resources.each { resource in
            let name = resource.string
            guard !name.isEmpty else {
                resource.required()
                return
            }
            let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            if wholes.contains(parts[0]) { resource.invalid("if '\(parts[0])/*' is present, must not specify \(name)") }
            if everywhere.contains(parts[1]) { resource.invalid("if '*/\(parts[1])' is present, must not specify \(name)") }
            if parts[1] == "*" { wholes.insert(parts[0]) }
            if parts[0] == "*" { everywhere.insert(parts[1]) }
        }
        if listed.count > 1, listed.contains("*/*") { resources.invalid("if '*/*' is present, must not specify other resources") }
        if listed.contains("*"), listed.contains(where: { $0 != "*" && !$0.contains("/") }) {
            resources.invalid("if '*' is present, must not specify other resources without subresources")
        }
    }

    private static func some(_ list: Field) {
        if list.count == 0 { list.required() }
    }

    private static func alone(_ list: Field, _ complaint: String) {
        if list.count > 1, list.value?.arrayValue?.contains("*") ?? false { list.invalid(complaint) }
    }

    static func conditions(_ conditions: Field) {
        if conditions.count > 64 { conditions.maxItems(64) }
        var names: Set<String> = []
        conditions.each { condition in
            let (name, expression) = (condition["name"], condition["expression"])
            if expression.string.allSatisfy(\.isWhitespace) { expression.errors.add(FieldError(.required, expression.path)) }
            if name.string.isEmpty {
                name.required()
            } else {
                name.matches(NameValidation.qualifiedName)
                if !names.insert(name.string).inserted { name.duplicate(.string(name.string)) }
            }
        }
    }

    /// The `matchConstraints` of a policy, or the `matchResources` of a binding.
    static func resources(_ match: Field) {
        LabelRules.selector(match["namespaceSelector"])
        LabelRules.selector(match["objectSelector"])
        for name in ["resourceRules", "excludeResourceRules"] {
            match[name].each { named in
                rule(named, operations: true)
                var names: Set<String> = []
                named["resourceNames"].each { if !names.insert($0.string).inserted { $0.duplicate(.string($0.string)) } }
            }
        }
        match["matchPolicy"].oneOf(["Equivalent", "Exact"])
    }

    @Sendable static func defaults(_ match: inout JSONValue) {
        match.setDefault("namespaceSelector", [:])
        match.setDefault("objectSelector", [:])
        match.setDefaultString("matchPolicy", "Equivalent")
        for name in ["resourceRules", "excludeResourceRules"] { match.editEach(name) { $0.setDefaultString("scope", "*") } }
    }
}
