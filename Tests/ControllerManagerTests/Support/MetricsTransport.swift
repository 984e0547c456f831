import JSON
import KubernetesClient
import Synchronization

/// Answers requests for metrics in place of those who serve them, and hands everything else on.
final class MetricsTransport: Transport {
    private let base: any Transport
    /// Thousandths of a core that each pod uses.
    private let usage = Mutex<[String: Int64]?>(nil)

    init(base: any Transport) {
        self.base = base
    }

    /// - Parameter pods: nil: nobody serves metrics.
    func set(_ pods: [String: Int64]?) { usage.withLock { $0 = pods } }

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        guard request.path.hasPrefix("/apis/metrics.k8s.io/"), let usage = usage.withLock({ $0 }) else { return try await base.send(request) }
        let items = usage.sorted { $0.key < $1.key }.map { pod, milli -> JSONValue in
            [
                "metadata": ["name": .string(pod)], "timestamp": "2025-06-15T16:00:00Z", "window": "15.000s",
                "containers": [["name": "c", "usage": ["cpu": .string("\(milli)m"), "memory": "1Mi"]]],
            ]
        }
        return HTTPResponseData(status: 200, body: (["items": .array(items)] as JSONValue).serialized())
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) { try await base.stream(request) }
}
