import JSON

/// `SelfSubjectRulesReview`: everything that the caller may do in a namespace (`kubectl auth can-i --list`).
struct RulesReview: Sendable {
    let authorizer: any Authorizer

    func answer(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        var review = try RequestBody.object(request, kind: "SelfSubjectRulesReview", group: "authorization.k8s.io")
        guard let namespace = review["spec"]?["namespace"]?.stringValue, !namespace.isEmpty else { throw .badRequest("no namespace on request") }
        var resourceRules: [JSONValue] = []
        var pathRules: [JSONValue] = []
        for rule in authorizer.rules(for: request.user, namespace: namespace) {
            if !rule.resources.isEmpty {
                var only = rule
                only.nonResourceURLs = []
                resourceRules.append(only.json)
            }
            if !rule.nonResourceURLs.isEmpty { pathRules.append(PolicyRule(verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs).json) }
        }
        review["kind"] = "SelfSubjectRulesReview"
        review["apiVersion"] = "authorization.k8s.io/v1"
        if review["metadata"] == nil { review["metadata"] = [:] }
        review["status"] = [
            "incomplete": .bool(!authorizer.hasAllRules), "resourceRules": .array(resourceRules), "nonResourceRules": .array(pathRules),
        ]
        if !authorizer.hasAllRules { review["status"]?["evaluationError"] = "webhook authorizer does not support user rule resolution" }
        return review
    }
}
