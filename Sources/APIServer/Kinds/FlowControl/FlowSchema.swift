import JSON
import KubernetesAPI

extension Strategy {
    static let flowSchema = Strategy {
        $0.defaults = { schema in
            schema.editOrMake("spec") { spec in
                if spec.number("matchingPrecedence") == 0 { spec["matchingPrecedence"] = 1000 }
            }
        }
        $0.validate = { schema in
            let name = schema["metadata"]["name"].string
            FlowSchemaRules.spec(schema["spec"], name: name)
            if let fixed = FlowControlObjects.mandatorySpec("flowschemas", name), schema["spec"].value != fixed {
                schema["spec"].invalid("spec of '\(name)' must equal the fixed value")
            }
        }
        $0.generation = [["spec"]]
        $0.table = TableView([
            .name, .text("PriorityLevel"), .integer("MatchingPrecedence"), .text("DistinguisherMethod"), .age, .text("MissingPL"),
        ]) { schema in
            let method = schema.text("spec", "distinguisherMethod", "type")
            let dangling = schema.list("status", "conditions").last { $0.text("type") == "Dangling" }
            return [
                .name, .value(.string(schema.text("spec", "priorityLevelConfiguration", "name"))),
                .integer(schema.number("spec", "matchingPrecedence")),
                .value(.string(method.isEmpty ? "<none>" : method)), .age, .value(.string(dangling?.text("status") ?? "?")),
            ]
        }
    }
}

private enum FlowSchemaRules {
    static let verbs = ["*", "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"]
    static let urlVerbs = ["*", "delete", "get", "head", "options", "patch", "post", "put"]

    static func spec(_ spec: Field, name: String) {
        let precedence = spec["matchingPrecedence"]
        if precedence.int <= 0 { precedence.invalid("must be a positive value") }
        if precedence.int > 10_000 { precedence.invalid("must not be greater than 10000") }
        if precedence.int == 1, name != "exempt" { precedence.invalid("only the schema named 'exempt' may have matchingPrecedence 1") }
        spec["distinguisherMethod"].ifPresent { method in
            if !["ByUser", "ByNamespace"].contains(method["type"].string) {
                method.add(.notSupported, #"supported values: "ByNamespace", "ByUser""#)
            }
        }
        let level = spec["priorityLevelConfiguration"]["name"]
        if level.string.isEmpty { level.required("must reference a priority level") } else { level.matches(NameValidation.dns1123Subdomain) }
        spec["rules"].each(rule)
    }

    private static func rule(_ rule: Field) {
        if rule["subjects"].count == 0 { rule["subjects"].required("subjects must contain at least one value") }
        rule["subjects"].each(subject)
        if rule["resourceRules"].count == 0, rule["nonResourceRules"].count == 0 {
            rule.errors.add(FieldError(.required, rule.path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
        }
        rule["resourceRules"].each { rule in
            someOrAll(rule["verbs"], missing: "verbs must contain at least one value", others: "verbs", known: verbs)
            someOrAll(rule["apiGroups"], missing: "resource rules must supply at least one api group", others: "api groups")
            someOrAll(rule["resources"], missing: "resource rules must supply at least one resource", others: "resources")
            let namespaces = rule["namespaces"]
            if namespaces.count == 0, !rule["clusterScope"].bool {
                namespaces.required("resource rules that are not cluster scoped must supply at least one namespace")
            } else if hasAll(namespaces) {
                if namespaces.count > 1 { namespaces.invalid("if '*' is present, must not specify other namespaces") }
            } else {
                namespaces.each { namespace in
                    for complaint in NameValidation.dns1123Label(namespace.string) {
                        namespace.invalid("each member of this list must be '*' or a DNS-1123 label; " + complaint)
                    }
                }
            }
        }
        rule["nonResourceRules"].each { rule in
            someOrAll(rule["verbs"], missing: "verbs must contain at least one value", others: "verbs", known: urlVerbs)
            someOrAll(rule["nonResourceURLs"], missing: "nonResourceURLs must contain at least one value", others: "non-resource URLs")
            if !hasAll(rule["nonResourceURLs"]) { rule["nonResourceURLs"].each(url) }
        }
    }

    /// A list of which `*` is the only element, or that has at least one.
    private static func someOrAll(_ list: Field, missing: String, others: String, known: [String]? = nil) {
        if list.count == 0 {
            list.required(missing)
        } else if hasAll(list) {
            if list.count > 1 { list.invalid("if '*' is present, must not specify other \(others)") }
        } else if let known, !(list.value?.arrayValue ?? []).allSatisfy({ known.contains($0.stringValue ?? "") }) {
            list.add(.notSupported, "supported values: " + known.map { "\"\($0)\"" }.joined(separator: ", "))
        }
    }

    private static func hasAll(_ list: Field) -> Bool { list.value?.arrayValue?.contains("*") ?? false }

    private static func url(_ url: Field) {
        let path = url.string
        if path.isEmpty {
            url.invalid("must not be empty")
        } else if path == "/" {
            return
        } else if !path.hasPrefix("/") {
            url.invalid("must start with slash")
        } else if path.contains(" ") {
            url.invalid("must not contain white-space")
        } else if path.contains("//") {
            url.invalid("must not contain double slash")
        } else if path.dropLast().contains("*") || path.hasSuffix("*") && !path.hasSuffix("/*") {
            url.invalid("wildcard can only do suffix matching")
        }
    }

    private static func subject(_ subject: Field) {
        let kinds = [("User", "user"), ("Group", "group"), ("ServiceAccount", "serviceAccount")]
        let kind = subject["kind"].string
        guard kinds.contains(where: { $0.0 == kind }) else {
            subject["kind"].add(.notSupported, #"supported values: "Group", "ServiceAccount", "User""#)
            return
        }
        for (name, member) in kinds where name != kind && subject[member].exists {
            subject[member].forbidden("\(member) is forbidden when subject kind is not '\(name)'")
        }
        switch kind {
        case "User":
            guard subject["user"].exists else { return missing(subject["user"], "user is required when subject kind is 'User'") }
            if subject["user"]["name"].string.isEmpty { subject["user"]["name"].required() }
        case "Group":
            guard subject["group"].exists else { return missing(subject["group"], "group is required when subject kind is 'Group'") }
            if subject["group"]["name"].string.isEmpty { subject["group"]["name"].required() }
        default:
            let account = subject["serviceAccount"]
            guard account.exists else { return missing(account, "serviceAccount is required when subject kind is 'ServiceAccount'") }
            if account["name"].string.isEmpty {
                account["name"].required()
            } else if account["name"].string != "*" {
                account["name"].matches(NameValidation.dns1123Subdomain)
            }
            if account["namespace"].string.isEmpty {
                account["namespace"].required("must specify namespace for service account")
            } else {
                account["namespace"].matches(NameValidation.dns1123Label)
            }
        }
    }

    private static func missing(_ field: Field, _ detail: String) {
        field.errors.add(FieldError(.required, field.path, detail))
    }
}
