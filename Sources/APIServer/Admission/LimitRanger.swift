import JSON
import KubernetesAPI

/// Applies a namespace's LimitRanges: containers without requests and limits get the defaults, and nothing may go beyond the bounds.
struct LimitRanger: MutatingAdmission, ValidatingAdmission {
    let name = "LimitRanger"
    private static let annotation = "kubernetes.io/limit-ranger"

    private func limits(_ review: AdmissionReview) -> [JSONValue] {
        guard review.operation == .create || review.operation == .update, review.subresource.isEmpty else { return [] }
        guard review.isPod || review.isFor("", "persistentvolumeclaims") else { return [] }
        return review.cluster.objects(group: "", resource: "limitranges", namespace: review.namespace).flatMap { $0.list("spec", "limits") }
    }

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isPod, review.operation == .create else { return }
        let items = limits(review).filter { $0.text("type") == "Container" }
        guard !items.isEmpty, var pod = review.object else { return }
        var notes: [String] = []
        for list in ["initContainers", "containers"] {
            pod["spec"]?.editEach(list) { container in
                let what = list == "containers" ? "container" : "init container"
                let name = container.text("name")
                for (part, source) in [("requests", "defaultRequest"), ("limits", "default")] {
                    var set: [String] = []
                    for item in items {
                        for (resource, amount) in item[source]?.objectValue ?? [:] where container.at("resources", part, resource) == nil {
                            container.setPath(["resources", part, resource], amount)
                            set.append(resource)
                        }
                    }
                    if !set.isEmpty { notes.append("\(set.sorted().joined(separator: ", ")) \(part.dropLast()) for \(what) \(name)") }
                }
            }
        }
        guard !notes.isEmpty else { return }
        pod.setPath(["metadata", "annotations", Self.annotation], .string("LimitRanger plugin set: " + notes.joined(separator: "; ")))
        review.object = pod
    }

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        // Only a new pod is measured; what runs, runs.
        if review.isPod, review.operation != .create { return }
        let items = limits(review)
        guard !items.isEmpty, let object = review.object else { return }
        var complaints: [String] = []
        for item in items {
            switch item.text("type") {
            case "Container" where review.isPod:
                for container in object.list("spec", "initContainers") + object.list("spec", "containers") {
                    check(item, container["resources"] ?? [:], "Container", &complaints)
                }
            case "Pod" where review.isPod:
                check(item, PodResources.total(object["spec"] ?? [:]), "Pod", &complaints)
            case "PersistentVolumeClaim" where !review.isPod:
                check(item, object.at("spec", "resources") ?? [:], "PersistentVolumeClaim", &complaints)
            default:
                break
            }
        }
        guard !complaints.isEmpty else { return }
        throw review.forbidden(complaints.count == 1 ? complaints[0] : "[\(complaints.joined(separator: ", "))]")
    }

    private func check(_ item: JSONValue, _ resources: JSONValue, _ type: String, _ complaints: inout [String]) {
        func amount(_ part: String, _ name: String) -> Quantity? { ResourceRules.quantity(resources.at(part, name)) }
        func each(_ part: String, _ body: (String, Quantity, Quantity?, Quantity?) -> String?) {
            for (name, value) in (item[part]?.objectValue ?? [:]).sortedByKey() {
                guard let bound = ResourceRules.quantity(value) else { continue }
                if let complaint = body(name, bound, amount("requests", name), amount("limits", name)) { complaints.append(complaint) }
            }
        }
        let claim = type == "PersistentVolumeClaim"
        each("min") { name, bound, request, limit in
            let intro = "minimum \(name) usage per \(type) is \(bound)"
            guard let request else { return "\(intro).  No request is specified" }
            if request < bound { return "\(intro), but request is \(request)" }
            if let limit, limit < bound { return "\(intro), but limit is \(limit)" }
            return nil
        }
        each("max") { name, bound, request, limit in
            let intro = "maximum \(name) usage per \(type) is \(bound)"
            guard let limit = limit ?? (claim ? request : nil) else { return "\(intro).  No limit is specified" }
            if limit > bound { return "\(intro), but \(claim ? "request" : "limit") is \(limit)" }
            if let request, request > bound { return "\(intro), but request is \(request)" }
            return nil
        }
        each("maxLimitRequestRatio") { name, bound, request, limit in
            let intro = "\(name) max limit to request ratio per \(type) is \(bound)"
            guard let request, request.sign > 0 else { return "\(intro), but no request is specified or request is 0" }
            guard let limit, limit.sign > 0 else { return "\(intro), but no limit is specified or limit is 0" }
            let ratio = limit.doubleValue / request.doubleValue
            return ratio > bound.doubleValue ? "\(intro), but provided ratio is \(PodResources.fixed(ratio))" : nil
        }
    }
}

/// What a pod needs altogether.
enum PodResources {
    /// `requests` and `limits` of a pod: the sum of its containers and sidecars, or what the largest init container needs, and the overhead.
    static func total(_ spec: JSONValue) -> JSONValue {
        var total: JSONValue = ["requests": [:], "limits": [:]]
        for part in ["requests", "limits"] {
            var sums: [String: Quantity] = [:]
            for container in spec.list("containers") { add(container.at("resources", part), to: &sums) }
            var sidecars: [String: Quantity] = [:]
            var peaks: [String: Quantity] = [:]
            for container in spec.list("initContainers") {
                let own = container.at("resources", part)
                if container.text("restartPolicy") == "Always" {
                    add(own, to: &sums)
                    add(own, to: &sidecars)
                    raise(&peaks, to: sidecars)
                } else {
                    var needed = sidecars
                    add(own, to: &needed)
                    raise(&peaks, to: needed)
                }
            }
            raise(&sums, to: peaks)
            add(spec["overhead"], to: &sums)
            for (name, amount) in sums.sorted(by: { $0.key < $1.key }) { total[part]?[name] = .string(amount.description) }
        }
        return total
    }

    private static func add(_ amounts: JSONValue?, to sums: inout [String: Quantity]) {
        for (name, value) in amounts?.objectValue ?? [:] {
            guard let amount = ResourceRules.quantity(value) else { continue }
            sums[name] = sums[name].map { $0 + amount } ?? amount
        }
    }

    private static func raise(_ sums: inout [String: Quantity], to other: [String: Quantity]) {
        for (name, amount) in other where sums[name].map({ $0 < amount }) ?? true { sums[name] = amount }
    }

    /// With six digits behind the point, as Go prints.
    static func fixed(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let millionths = Int64((value * 1_000_000).rounded())
        let fraction = "\(abs(millionths) % 1_000_000)"
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - fraction.utf8.count) + fraction
    }
}
