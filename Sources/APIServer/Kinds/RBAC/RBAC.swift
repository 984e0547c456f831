import JSON
import KubernetesAPI

extension Strategy {
    static let role = Strategy(rbac: {
        $0.validate = { rules($0["rules"], namespaced: true) }
    })

    static let clusterRole = Strategy(rbac: {
        $0.validate = { role in
            rules(role["rules"], namespaced: false)
            role["aggregationRule"].ifPresent { aggregation in
                let selectors = aggregation["clusterRoleSelectors"]
                if selectors.count == 0 {
                    selectors.errors.add(
                        FieldError(.required, selectors.path, "at least one clusterRoleSelector required if aggregationRule is non-nil"))
                }
                selectors.each(LabelRules.selector)
            }
        }
    })

    static let roleBinding = Strategy(rbac: { binding(&$0, roles: ["ClusterRole", "Role"], subjectNamespaceRequired: true) })
    static let clusterRoleBinding = Strategy(rbac: { binding(&$0, roles: ["ClusterRole"], subjectNamespaceRequired: true) })

    private init(rbac build: (inout Strategy) -> Void) {
        self.init()
        name = NameValidation.pathSegmentName
        emptyStatus = nil
        createOnUpdate = true
        build(&self)
    }

    private static func binding(_ strategy: inout Strategy, roles: [String], subjectNamespaceRequired: Bool) {
        strategy.defaults = { binding in
            binding.editOrMake("roleRef") { $0.setDefaultString("apiGroup", "rbac.authorization.k8s.io") }
            binding.editEach("subjects") { subject in
                switch subject.text("kind") {
                case "User", "Group": subject.setDefaultString("apiGroup", "rbac.authorization.k8s.io")
                default: break
                }
            }
        }
        strategy.validate = { binding in
            let role = binding["roleRef"]
            if role["apiGroup"].string != "rbac.authorization.k8s.io" { role["apiGroup"].oneOf(["rbac.authorization.k8s.io"]) }
            role["kind"].requiredOneOf(roles)
            if role["name"].string.isEmpty { role["name"].required() } else { role["name"].matches(NameValidation.pathSegmentName) }
            binding["subjects"].each { subject in
                if subject["name"].string.isEmpty { subject["name"].required() }
                switch subject["kind"].string {
                case "ServiceAccount":
                    if !subject["name"].string.isEmpty { subject["name"].matches(NameValidation.dns1123Subdomain) }
                    if !subject["apiGroup"].string.isEmpty { subject["apiGroup"].oneOf([""]) }
                    if subject["namespace"].string.isEmpty, subjectNamespaceRequired { subject["namespace"].required() }
                case "User", "Group":
                    if subject["apiGroup"].string != "rbac.authorization.k8s.io" { subject["apiGroup"].oneOf(["rbac.authorization.k8s.io"]) }
                default:
                    subject["kind"].requiredOneOf(["Group", "ServiceAccount", "User"])
                }
            }
        }
        strategy.validateUpdate = { binding, old in
            if binding["roleRef"].value != old["roleRef"] { binding["roleRef"].invalid("cannot change roleRef") }
        }
        strategy.table = TableView([
            .name, .text("Role"), .age, .text("Users", wide: true), .text("Groups", wide: true), .text("ServiceAccounts", wide: true),
        ]) { binding in
            func names(_ kind: String) -> String {
                binding.list("subjects").filter { $0.text("kind") == kind }
                    .map { kind == "ServiceAccount" ? "\($0.text("namespace"))/\($0.text("name"))" : $0.text("name") }.joined(separator: ", ")
            }
            return [
                .name, .value(.string("\(binding.text("roleRef", "kind"))/\(binding.text("roleRef", "name"))")), .age, .value(.string(names("User"))),
                .value(.string(names("Group"))), .value(.string(names("ServiceAccount"))),
            ]
        }
    }

    private static func rules(_ rules: Field, namespaced: Bool) {
        rules.each { rule in
            if rule["verbs"].count == 0 {
                rule["verbs"].errors.add(FieldError(.required, rule["verbs"].path, "verbs must contain at least one value"))
            }
            if rule["nonResourceURLs"].count > 0 {
                if namespaced { rule["nonResourceURLs"].invalid("namespaced rules cannot apply to non-resource URLs") }
                if rule["apiGroups"].count > 0 || rule["resources"].count > 0 || rule["resourceNames"].count > 0 {
                    rule["nonResourceURLs"].invalid("rules cannot apply to both regular resources and non-resource URLs")
                }
                return
            }
            if rule["apiGroups"].count == 0 {
                rule["apiGroups"].errors.add(FieldError(.required, rule["apiGroups"].path, "resource rules must supply at least one api group"))
            }
            if rule["resources"].count == 0 {
                rule["resources"].errors.add(FieldError(.required, rule["resources"].path, "resource rules must supply at least one resource"))
            }
        }
    }
}
