import Flags
import JSON
import KubernetesAPI
import KubernetesClient

/// Reads the metrics that autoscalers ask for from the APIs that serve them.
struct MetricsReader: Sendable {
    let client: Client

    /// Use of a resource by each pod, or by one container of each.
    func resource(_ name: String, container: String?, namespace: String, selector: String) async throws -> [String: PodMetric] {
        let path = Self.path("/apis/metrics.k8s.io/v1beta1/namespaces/\(namespace)/pods", ["labelSelector": selector])
        let items = try await items(path, api: "resource")
        var result: [String: PodMetric] = [:]
        for item in items {
            let pod = item["metadata"]?["name"]?.stringValue ?? ""
            var containers = item["containers"]?.arrayValue ?? []
            if let container {
                containers = containers.filter { $0["name"]?.stringValue == container }
                if containers.isEmpty {
                    throw NoProposal("failed to get container metrics: container \(container) not present in metrics for pod \(namespace)/\(pod)")
                }
            }
            let values = containers.compactMap { Self.milli($0["usage"]?[name]) }
            // A pod of which a part is missing says nothing.
            guard values.count == containers.count else { continue }
            result[pod] = PodMetric(
                value: values.reduce(0) { $0.addingReportingOverflow($1).partialValue }, time: Self.time(item["timestamp"]),
                windowSeconds: item["window"]?.stringValue.flatMap { GoDuration.parse($0) }?.components.seconds ?? 60)
        }
        return result
    }

    /// A metric that describes each pod.
    func pods(_ metric: MetricName, namespace: String, selector: String) async throws -> [String: PodMetric] {
        let path = Self.path(
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/\(namespace)/pods/*/\(percentEncoded(metric.name))",
            ["labelSelector": selector, "metricLabelSelector": metric.selector])
        var result: [String: PodMetric] = [:]
        for item in try await items(path, api: "custom") {
            guard let value = Self.milli(item["value"]) else { continue }
            result[item["describedObject"]?["name"]?.stringValue ?? ""] = PodMetric(
                value: value, time: Self.time(item["timestamp"]), windowSeconds: item["windowSeconds"]?.integerValue ?? 60)
        }
        return result
    }

    /// A metric that describes one object of the namespace, or the namespace itself (`resource` nil).
    func object(_ metric: MetricName, namespace: String, resource: String?, name: String) async throws -> Int64 {
        let base = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/"
        let place = resource.map { "\(namespace)/\($0)/\(name)" } ?? "\(name)/metrics"
        let path = Self.path("\(base)\(place)/\(percentEncoded(metric.name))", ["metricLabelSelector": metric.selector])
        guard let value = try await items(path, api: "custom").first.flatMap({ Self.milli($0["value"]) }) else {
            throw NoProposal("no metrics returned from custom metrics API")
        }
        return value
    }

    /// The sum of a metric that describes nothing in the cluster.
    func external(_ metric: MetricName, namespace: String) async throws -> Int64 {
        let path = Self.path(
            "/apis/external.metrics.k8s.io/v1beta1/namespaces/\(namespace)/\(percentEncoded(metric.name))", ["labelSelector": metric.selector])
        return try await items(path, api: "external").compactMap { Self.milli($0["value"]) }.reduce(0) {
            $0.addingReportingOverflow($1).partialValue
        }
    }

    private func items(_ path: String, api: String) async throws -> [JSONValue] {
        let answer: JSONValue
        do {
            answer = try await client.get(path: path)
        } catch let error as APIStatusError {
            throw NoProposal("unable to fetch metrics from \(api) metrics API: \(error)")
        }
        let items = answer["items"]?.arrayValue ?? []
        if items.isEmpty { throw NoProposal("no metrics returned from \(api) metrics API") }
        return items
    }

    private static func milli(_ value: JSONValue?) -> Int64? { value?.stringValue.flatMap { Quantity($0) }?.milliValue }

    private static func time(_ value: JSONValue?) -> Int64 { value?.stringValue.flatMap { Time($0) }?.seconds ?? 0 }

    private static func path(_ path: String, _ query: [String: String]) -> String {
        let parts = query.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { "\($0.key)=\(percentEncoded($0.value))" }
        return parts.isEmpty ? path : "\(path)?\(parts.joined(separator: "&"))"
    }
}

/// The name of a metric and the selector of its labels, in text; empty for all.
struct MetricName: Sendable {
    var name: String
    var selector: String
}
