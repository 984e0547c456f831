import JSON
import KubernetesAPI

/// Answers `metrics.k8s.io`: what nodes and pods use now, as the kubelets tell.
struct ResourceMetricsHandler: RequestHandler {
    static let group = "metrics.k8s.io"
    static let version = "v1beta1"

    let lookup: ObjectLookup
    let history: UsageHistory
    let clock: ServerClock

    static func serves(_ info: RequestInfo) -> Bool { info.apiGroup == group && info.apiVersion == version }

    /// For discovery.
    static let resources: [DiscoveryResource] = [
        DiscoveryResource(
            type: ResourceType(group: group, version: version, kind: "NodeMetrics", plural: "nodes", singular: "", namespaced: false),
            verbs: ["get", "list"]),
        DiscoveryResource(
            type: ResourceType(group: group, version: version, kind: "PodMetrics", plural: "pods", singular: "", namespaced: true),
            verbs: ["get", "list"]),
    ]

    func handle(_ request: APIRequest, _ responder: any Responder) {
        do throws(APIStatus) {
            responder.respond(json: try answer(request).serialized())
        } catch {
            responder.respond(error)
        }
    }

    private func answer(_ request: APIRequest) throws(APIStatus) -> JSONValue {
        let info = request.info
        guard info.subresource.isEmpty, info.resource == "nodes" || info.resource == "pods" else { throw .pathNotFound }
        switch info.verb {
        case "get":
            guard let object = lookup.get("", info.resource, info.namespace, info.name), let metrics = metrics(object, info.resource) else {
                throw .notFound(
                    group: Self.group, resource: info.resource, name: info.namespace.isEmpty ? info.name : "\(info.namespace)/\(info.name)")
            }
            return metrics
        case "list":
            let filter = try Selection(request.query)
            let objects = lookup.list("", info.resource, info.namespace)
            return [
                "kind": info.resource == "nodes" ? "NodeMetricsList" : "PodMetricsList", "apiVersion": .string("\(Self.group)/\(Self.version)"),
                "metadata": [:], "items": .array(objects.filter(filter.matches).compactMap { metrics($0, info.resource) }),
            ]
        default: throw .methodNotSupported(group: Self.group, resource: info.resource, verb: info.verb)
        }
    }

    /// Nil while nothing is known of the object's use.
    private func metrics(_ object: JSONValue, _ resource: String) -> JSONValue? {
        let name = object.text("metadata", "name")
        let namespace = object.text("metadata", "namespace")
        var metadata: JSONValue = ["name": .string(name)]
        if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
        metadata["creationTimestamp"] = .string(clock.timestamp)
        if let labels = object.at("metadata", "labels") { metadata["labels"] = labels }
        var result: JSONValue = [
            "kind": resource == "nodes" ? "NodeMetrics" : "PodMetrics", "apiVersion": .string("\(Self.group)/\(Self.version)"), "metadata": metadata,
        ]
        if resource == "nodes" {
            guard let usage = history.node(name) else { return nil }
            Self.write(usage, to: &result)
            result["usage"] = Self.amounts(usage)
            return result
        }
        guard object.text("status", "phase") == "Running", let containers = history.pod(namespace: namespace, name: name),
            let oldest = containers.map(\.usage).min(by: { $0.time < $1.time })
        else { return nil }
        Self.write(oldest, to: &result)
        result["containers"] = .array(containers.map { ["name": .string($0.container), "usage": Self.amounts($0.usage)] })
        return result
    }

    private static func write(_ usage: Usage, to object: inout JSONValue) {
        object["timestamp"] = .string(ServerClock.text(Int64(usage.time)))
        let thousandths = Int64((usage.window * 1000).rounded())
        let fraction = String(thousandths % 1000 + 1000).dropFirst()
        object["window"] = .string("\(thousandths / 1000).\(fraction)s")
    }

    private static func amounts(_ usage: Usage) -> JSONValue {
        [
            "cpu": .string("\(Int64(clamping: (usage.cpu * 1e9).rounded(.up)))n"), "memory": .string("\(Int64(clamping: usage.memory / 1024))Ki"),
        ]
    }

    /// The selectors of a list request.
    private struct Selection {
        let labels: Selector
        let fields: FieldSelector

        init(_ query: QueryItems) throws(APIStatus) {
            do {
                labels = try Selector(parsing: query["labelSelector"] ?? "")
                fields = try FieldSelector(parsing: query["fieldSelector"] ?? "")
            } catch {
                throw .badRequest("\(error)")
            }
        }

        func matches(_ object: JSONValue) -> Bool {
            var values: [String: String] = [:]
            for (key, value) in object.at("metadata", "labels")?.objectValue ?? JSONObject() { values[key] = value.stringValue }
            return labels.matches(values) && fields.matches { $0.hasPrefix("metadata.") ? object.text("metadata", String($0.dropFirst(9))) : "" }
        }
    }
}

extension Int64 {
    /// The nearest number that there is; 0 for what is none.
    fileprivate init(clamping value: Double) {
        self = value.isNaN ? 0 : Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
    }
}
