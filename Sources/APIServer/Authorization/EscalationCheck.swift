import JSON
import KubernetesAPI

/// Nobody hands out rights that they do not hold: neither by writing a role nor by binding one. Who holds the verb `escalate` on a role, or
/// `bind` on the role that is bound, may all the same.
struct EscalationCheck: ValidatingAdmission {
    let name = "RBACEscalationCheck"
    let authorizer: any Authorizer
    let rolesAuthorizer: RBACAuthorizer

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        let type = review.resource.type
        guard type.group == RBACKind.group, review.subresource.isEmpty, let object = review.object, let kind = RBACKind(rawValue: type.plural) else {
            return
        }
        let user = review.context.user
        if user.groups.contains(UserInfo.mastersGroup) { return }
        let wanted: [PolicyRule]
        switch kind {
        case .role, .clusterRole:
            if let old = review.old, old["rules"] == object["rules"], old["aggregationRule"] == object["aggregationRule"] { return }
            if may("escalate", type.plural, review.name, review) { return }
            if let aggregation = object["aggregationRule"], !aggregation.isNull {
                // What it will gather is not known beforehand.
                wanted = [PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), PolicyRule(verbs: ["*"], nonResourceURLs: ["*"])]
            } else {
                wanted = object["rules"]?.arrayValue?.map { PolicyRule(json: $0) } ?? []
            }
        case .roleBinding, .clusterRoleBinding:
            if let old = review.old, old["roleRef"] == object["roleRef"], old["subjects"] == object["subjects"] { return }
            let roleKind = object["roleRef"]?["kind"]?.stringValue ?? ""
            let roleName = object["roleRef"]?["name"]?.stringValue ?? ""
            let isClusterRole = roleKind == "ClusterRole"
            if may("bind", isClusterRole ? "clusterroles" : "roles", roleName, review) { return }
            guard let rules = rolesAuthorizer.rules(ofRole: roleName, namespace: isClusterRole ? nil : review.namespace) else {
                throw .notFound(group: RBACKind.group, resource: isClusterRole ? "clusterroles" : "roles", name: roleName)
            }
            wanted = rules
        }
        let missing = RuleCover.missing(wanted, in: authorizer.rules(for: user, namespace: review.namespace))
        if missing.isEmpty { return }
        let groups = user.groups.map { goQuoted($0) }.joined(separator: " ")
        throw review.forbidden(
            "user \(goQuoted(user.name)) (groups=[\(groups)]) is attempting to grant RBAC permissions not currently held:\n"
                + missing.map(Self.describe).joined(separator: "\n"))
    }

    private func may(_ verb: String, _ resource: String, _ name: String, _ review: AdmissionReview) -> Bool {
        review.may(
            AuthorizationAttributes(
                user: review.context.user, verb: verb, apiGroup: RBACKind.group, apiVersion: "v1", resource: resource,
                namespace: review.namespace, name: name), by: authorizer)
    }

    private static func describe(_ rule: PolicyRule) -> String {
        func list(_ name: String, _ texts: [String]) -> String? {
            texts.isEmpty ? nil : "\(name):[" + texts.map { goQuoted($0) }.joined(separator: ", ") + "]"
        }
        let parts = [
            list("APIGroups", rule.apiGroups), list("Resources", rule.resources), list("ResourceNames", rule.resourceNames),
            list("NonResourceURLs", rule.nonResourceURLs), list("Verbs", rule.verbs),
        ]
        return "{" + parts.compactMap { $0 }.joined(separator: ", ") + "}"
    }
}
