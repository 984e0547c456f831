import JSON
import KubernetesAPI

/// Refuses new objects that would take a namespace beyond its quota. What is used is counted from the objects themselves, so it is never stale.
///
/// So that many at once cannot slip through together, a server that is alone counts the creations under way, too. Where several servers write, each
/// creation raises `status.used` of its quotas in the same transaction, on condition that nobody has since they were read: upstream's compare and swap,
/// but one that is never left behind by a creation that failed.
struct ResourceQuotaAdmission: ValidatingAdmission {
    let name = "ResourceQuota"
    private let reservations = QuotaReservations()

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.operation == .create, review.subresource.isEmpty, !review.namespace.isEmpty, let object = review.object else { return }
        let quotas = review.cluster.objects(group: "", resource: "resourcequotas", namespace: review.namespace)
        guard !quotas.isEmpty else { return }
        let type = review.resource.type
        let asked = QuotaUsage.of(object, group: type.group, resource: type.plural)
        let concerned = quotas.filter { quota in
            QuotaUsage.isInScope(object, quota, isPod: review.isPod)
                && (quota.at("spec", "hard")?.objectValue ?? [:]).contains { asked[$0.key].map { $0.sign > 0 } ?? false }
        }
        if review.isPod {
            for quota in quotas where QuotaUsage.isInScope(object, quota, isPod: true) {
                try requireAmounts(object, quota.at("spec", "hard")?.objectValue ?? [:], quota, review)
            }
        }
        guard !concerned.isEmpty else { return }
        let ahead = review.cluster.isShared ? [] : reserve(object, &review)
        let live = review.cluster.objects(group: type.group, resource: type.plural, namespace: review.namespace)
        // A creation that was under way a moment ago may be among the living by now.
        let names = ahead.isEmpty ? [] : Set(live.map { $0.text("metadata", "uid") })
        let others = live + ahead.filter { !names.contains($0.text("metadata", "uid")) }
        for quota in concerned {
            let used = try hold(asked, to: quota, others, review)
            guard review.cluster.isShared else { continue }
            if let companion = review.cluster.companion(raising(quota, used), group: "", resource: "resourcequotas") {
                review.companions.append(companion)
            }
        }
    }

    /// The quota with what will be used when the object is there.
    private func raising(_ quota: JSONValue, _ used: [String: Quantity]) -> JSONValue {
        var raised = quota
        raised.editOrMake("status") { status in
            status.editOrMake("used") { for (name, amount) in used { $0[name] = .string(amount.description) } }
        }
        return raised
    }

    /// Announces the creation until it is settled.
    /// - Returns: the objects of creations that were announced before.
    private func reserve(_ object: JSONValue, _ review: inout AdmissionReview) -> [JSONValue] {
        let type = review.resource.type
        let scope = "\(type.groupResource)/\(review.namespace)"
        let (ahead, ticket) = reservations.add(object, to: scope)
        review.settled.append { [reservations] in reservations.remove(ticket, from: scope) }
        return ahead
    }

    /// - Returns: what the object and the others take together of what the quota limits and the object takes any of.
    private func hold(
        _ asked: [String: Quantity], to quota: JSONValue, _ others: [JSONValue], _ review: AdmissionReview
    ) throws(APIStatus) -> [String: Quantity] {
        let type = review.resource.type
        var used: [String: Quantity] = [:]
        for object in others where QuotaUsage.isInScope(object, quota, isPod: review.isPod) {
            for (name, amount) in QuotaUsage.of(object, group: type.group, resource: type.plural) { used[name] = (used[name] ?? Quantity()) + amount }
        }
        var sums: [String: Quantity] = [:]
        var exceeded: [(name: String, asked: Quantity, used: Quantity, limit: Quantity)] = []
        for (name, value) in quota.at("spec", "hard")?.objectValue ?? [:] {
            guard let wanted = asked[name], wanted.sign > 0, let limit = ResourceRules.quantity(value) else { continue }
            let used = used[name] ?? Quantity()
            sums[name] = used + wanted
            if used + wanted > limit { exceeded.append((name, wanted, used, limit)) }
        }
        guard !exceeded.isEmpty else { return sums }
        exceeded.sort { $0.name < $1.name }
        func list(_ amount: (_ item: (name: String, asked: Quantity, used: Quantity, limit: Quantity)) -> Quantity) -> String {
            exceeded.map { "\($0.name)=\(amount($0))" }.joined(separator: ",")
        }
        throw review.forbidden(
            "exceeded quota: \(quota.text("metadata", "name")), requested: \(list(\.asked)), used: \(list(\.used)), limited: \(list(\.limit))")
    }

    /// Where a quota counts an amount, every container has to say it.
    private func requireAmounts(_ pod: JSONValue, _ hard: JSONObject, _ quota: JSONValue, _ review: AdmissionReview) throws(APIStatus) {
        let counted = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"].filter { hard.contains($0) }
        var missing: [String] = []
        for name in counted.sorted() {
            let part = name.hasPrefix("limits.") ? "limits" : "requests"
            let resource = name.hasPrefix("limits.") ? String(name.dropFirst(7)) : name.hasPrefix("requests.") ? String(name.dropFirst(9)) : name
            let without = (pod.list("spec", "containers") + pod.list("spec", "initContainers"))
                .filter { $0.at("resources", part, resource) == nil }.map { $0.text("name") }
            if !without.isEmpty { missing.append("\(name) for: \(without.sorted().joined(separator: ","))") }
        }
        if !missing.isEmpty {
            throw review.forbidden("failed quota: \(quota.text("metadata", "name")): must specify \(missing.joined(separator: "; "))")
        }
    }
}

/// What one object counts for in quotas.
enum QuotaUsage {
    private static let plainCounts: Set<String> = [
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps", "persistentvolumeclaims",
    ]

    static func of(_ object: JSONValue, group: String, resource: String) -> [String: Quantity] {
        var usage: [String: Quantity] = [:]
        usage[group.isEmpty ? "count/\(resource)" : "count/\(resource).\(group)"] = Quantity(1)
        guard group.isEmpty else { return usage }
        // Pods that have ended take nothing any more, but they are still objects.
        if resource == "pods", ["Succeeded", "Failed"].contains(object.text("status", "phase")) { return usage }
        if plainCounts.contains(resource) { usage[resource] = Quantity(1) }
        switch resource {
        case "pods":
            let total = PodResources.total(object["spec"] ?? [:])
            for (name, value) in total["requests"]?.objectValue ?? [:] {
                guard let amount = ResourceRules.quantity(value) else { continue }
                usage["requests.\(name)"] = amount
                if ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("hugepages-") { usage[name] = amount }
            }
            for (name, value) in total["limits"]?.objectValue ?? [:] { usage["limits.\(name)"] = ResourceRules.quantity(value) }
        case "services":
            let type = object.text("spec", "type")
            let ports = Int64(object.list("spec", "ports").count)
            if type == "NodePort" { usage["services.nodeports"] = Quantity(ports) }
            if type == "LoadBalancer" {
                usage["services.loadbalancers"] = Quantity(1)
                usage["services.nodeports"] = Quantity(object.at("spec", "allocateLoadBalancerNodePorts")?.boolValue == false ? 0 : ports)
            }
        case "persistentvolumeclaims":
            let amount = ResourceRules.quantity(object.at("spec", "resources", "requests", "storage"))
            usage["requests.storage"] = amount
            let storageClass = object.text("spec", "storageClassName")
            if !storageClass.isEmpty {
                usage["\(storageClass).storageclass.storage.k8s.io/requests.storage"] = amount
                usage["\(storageClass).storageclass.storage.k8s.io/persistentvolumeclaims"] = Quantity(1)
            }
        default:
            break
        }
        return usage
    }

    static func isInScope(_ object: JSONValue, _ quota: JSONValue, isPod: Bool) -> Bool {
        let scopes = quota.list("spec", "scopes").compactMap(\.stringValue)
        let selectors = quota.list("spec", "scopeSelector", "matchExpressions")
        if scopes.isEmpty, selectors.isEmpty { return true }
        guard isPod else { return false }
        return scopes.allSatisfy { has(object, $0) } && selectors.allSatisfy { matches(object, $0) }
    }

    private static func has(_ pod: JSONValue, _ scope: String) -> Bool {
        switch scope {
        case "BestEffort": PodQuality.class(of: pod["spec"] ?? [:]) == "BestEffort"
        case "NotBestEffort": PodQuality.class(of: pod["spec"] ?? [:]) != "BestEffort"
        case "Terminating": pod.at("spec", "activeDeadlineSeconds") != nil
        case "NotTerminating": pod.at("spec", "activeDeadlineSeconds") == nil
        case "PriorityClass": !pod.text("spec", "priorityClassName").isEmpty
        case "CrossNamespacePodAffinity": false
        default: false
        }
    }

    private static func matches(_ pod: JSONValue, _ selector: JSONValue) -> Bool {
        let scope = selector.text("scopeName")
        guard scope == "PriorityClass" else { return has(pod, scope) }
        let name = pod.text("spec", "priorityClassName")
        let listed = selector.list("values").contains(.string(name))
        switch selector.text("operator") {
        case "In": return listed
        case "NotIn": return !listed
        case "Exists": return !name.isEmpty
        case "DoesNotExist": return name.isEmpty
        default: return false
        }
    }
}
