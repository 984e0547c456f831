import JSON
import KubernetesAPI

/// Keeps pods to the level of the Pod Security Standards that their namespace asks for, and tells whoever makes workloads in time.
struct PodSecurityAdmission: ValidatingAdmission {
    let name = "PodSecurity"
    let configuration: PodSecurityConfiguration

    /// How many pods of a namespace are looked at when its level rises.
    private static let podsMax = 3000
    /// What may change in a pod without another look at it.
    private static let harmless = ["tolerations", "activeDeadlineSeconds", "schedulingGates", "terminationGracePeriodSeconds"]

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        let type = review.resource.type
        switch (type.group, type.plural, review.subresource) {
        case ("", "namespaces", ""): try namespace(&review)
        case ("", "pods", ""), ("", "pods", "ephemeralcontainers"): try pod(&review)
        case _ where review.subresource.isEmpty && Self.template(of: review) != nil: workload(&review)
        default: break
        }
    }

    // MARK: Pods

    private func pod(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.operation == .create || review.operation == .update, let object = review.object else { return }
        if isExempt(review, runtimeClass: object.text("spec", "runtimeClassName")) { return }
        if let old = review.old, review.subresource.isEmpty, !Self.isSignificant(object, since: old) { return }
        let policy = policy(review)
        review.annotate("pod-security.kubernetes.io/enforce-policy", policy.enforce.text)
        let pod = CheckedPod(metadata: object["metadata"] ?? [:], spec: object["spec"] ?? [:])
        let findings = PodSecurityCheck.findings(pod, policy.enforce)
        if !findings.isEmpty { throw review.forbidden("violates PodSecurity \(goQuoted(policy.enforce.text)): \(Self.text(findings))") }
        warn(&review, pod, policy)
    }

    private func workload(_ review: inout AdmissionReview) {
        guard review.operation == .create || review.operation == .update, let template = Self.template(of: review),
            !isExempt(review, runtimeClass: template.text("spec", "runtimeClassName"))
        else { return }
        warn(&review, CheckedPod(metadata: template["metadata"] ?? [:], spec: template["spec"] ?? [:]), policy(review))
    }

    private func warn(_ review: inout AdmissionReview, _ pod: CheckedPod, _ policy: PodSecurityPolicy) {
        let findings = PodSecurityCheck.findings(pod, policy.warn)
        if !findings.isEmpty { review.warnings.append("would violate PodSecurity \(goQuoted(policy.warn.text)): \(Self.text(findings))") }
        let noted = policy.audit == policy.warn ? findings : PodSecurityCheck.findings(pod, policy.audit)
        if !noted.isEmpty {
            review.annotate(
                "pod-security.kubernetes.io/audit-violations",
                "would violate PodSecurity \(goQuoted(policy.audit.text)): \(Self.text(noted))")
        }
    }

    private func policy(_ review: AdmissionReview) -> PodSecurityPolicy {
        var mistakes: [FieldError] = []
        let namespace = review.cluster.object(group: "", resource: "namespaces", namespace: "", name: review.namespace)
        return PodSecurityPolicy(labels: namespace?.at("metadata", "labels"), defaults: configuration.defaults, mistakes: &mistakes)
    }

    private func isExempt(_ review: AdmissionReview, runtimeClass: String) -> Bool {
        configuration.exemptNamespaces.contains(review.namespace) || configuration.exemptUsernames.contains(review.context.user.name)
            || (!runtimeClass.isEmpty && configuration.exemptRuntimeClasses.contains(runtimeClass))
    }

    private static func isSignificant(_ new: JSONValue, since old: JSONValue) -> Bool {
        func relevant(_ pod: JSONValue) -> JSONValue {
            var spec = pod["spec"] ?? [:]
            for field in harmless { spec[field] = nil }
            for list in ["initContainers", "containers"] { spec.editEach(list) { $0["image"] = nil } }
            let annotations = (pod.at("metadata", "annotations")?.objectValue ?? [:]).filter { $0.key.contains("apparmor.security") }
            spec["annotations"] = .array(annotations.map { .string("\($0.key)=\($0.value.stringValue ?? "")") })
            return spec
        }
        return relevant(new) != relevant(old)
    }

    /// The pod that a workload makes; nil for kinds that make none.
    private static func template(of review: AdmissionReview) -> JSONValue? {
        switch (review.resource.type.group, review.resource.type.plural) {
        case ("", "replicationcontrollers"), ("apps", "replicasets"), ("apps", "deployments"), ("apps", "statefulsets"), ("apps", "daemonsets"),
            ("batch", "jobs"):
            review.object?.at("spec", "template")
        case ("batch", "cronjobs"): review.object?.at("spec", "jobTemplate", "spec", "template")
        case ("", "podtemplates"): review.object?.at("template")
        default: nil
        }
    }

    private static func text(_ findings: [PodSecurityFinding]) -> String { findings.map(\.text).joined(separator: ", ") }

    // MARK: Namespaces

    private func namespace(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.operation == .create || review.operation == .update, let object = review.object else { return }
        var mistakes: [FieldError] = []
        let policy = PodSecurityPolicy(labels: object.at("metadata", "labels"), defaults: configuration.defaults, mistakes: &mistakes)
        guard let old = review.old else {
            if !mistakes.isEmpty { throw review.resource.invalid(review.name, mistakes) }
            return
        }
        var oldMistakes: [FieldError] = []
        let before = PodSecurityPolicy(labels: old.at("metadata", "labels"), defaults: configuration.defaults, mistakes: &oldMistakes)
        // Mistakes that were there before don't hold up other changes.
        if !mistakes.isEmpty, oldMistakes.isEmpty { throw review.resource.invalid(review.name, mistakes) }
        if policy.enforce == before.enforce || policy.enforce.level == .privileged || !mistakes.isEmpty { return }
        if policy.enforce.version == before.enforce.version, policy.enforce.level < before.enforce.level { return }
        if configuration.exemptNamespaces.contains(review.name) { return }
        tellOfPods(&review, policy.enforce)
    }

    /// Warns of pods that are there and would not be let in any more.
    private func tellOfPods(_ review: inout AdmissionReview, _ standard: PodSecurityStandard) {
        var found: [(reasons: String, first: String, count: Int)] = []
        for pod in review.cluster.objects(group: "", resource: "pods", namespace: review.name).prefix(Self.podsMax) {
            if configuration.exemptRuntimeClasses.contains(pod.text("spec", "runtimeClassName")) { continue }
            let findings = PodSecurityCheck.findings(CheckedPod(metadata: pod["metadata"] ?? [:], spec: pod["spec"] ?? [:]), standard)
            if findings.isEmpty { continue }
            let reasons = findings.map(\.reason).joined(separator: ", ")
            if let index = found.firstIndex(where: { $0.reasons == reasons }) {
                found[index].count += 1
            } else {
                found.append((reasons, pod.text("metadata", "name"), 1))
            }
        }
        if found.isEmpty { return }
        review.warnings.append(
            "existing pods in namespace \(goQuoted(review.name)) violate the new PodSecurity enforce level \(goQuoted(standard.text))")
        for (reasons, first, count) in found {
            let others = count == 1 ? "" : " (and \(count - 1) other \(count == 2 ? "pod" : "pods"))"
            review.warnings.append("\(first)\(others): \(reasons)")
        }
    }
}
