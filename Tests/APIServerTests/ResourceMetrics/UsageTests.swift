import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization
import Testing

@testable import APIServer

private let text = """
    # HELP container_cpu_usage_seconds_total x
    container_cpu_usage_seconds_total{container="c",namespace="shop",pod="web-1"} 4.5 1000000
    container_cpu_usage_seconds_total{container="c",namespace="shop",pod="web-2"} NaN 1000000
    container_cpu_usage_seconds_total{container="c",namespace="shop",pod="web-3"} 1 1000000
    container_memory_working_set_bytes{container="c",namespace="shop",pod="web-1"} 1048576 1000000
    container_memory_working_set_bytes{container="c",namespace="shop",pod="web-2"} 1048576 1000000
    container_start_time_seconds{container="c",namespace="shop",pod="web-1"} 900.5
    container_swap_usage_bytes{container="c",namespace="shop",pod="web-1"} 0 1000000
    node_cpu_usage_seconds_total 100 1000000
    node_memory_working_set_bytes 2.097152e+06 1000000
    broken{
    """

private func reading(cpu: Double, at time: Int64) -> NodeReading {
    NodeReading(
        """
        container_cpu_usage_seconds_total{container="c",namespace="shop",pod="web-1"} \(cpu) \(time * 1000)
        container_memory_working_set_bytes{container="c",namespace="shop",pod="web-1"} 1048576 \(time * 1000)
        node_cpu_usage_seconds_total \(cpu * 2) \(time * 1000)
        node_memory_working_set_bytes 2097152 \(time * 1000)
        """)
}

@Suite struct UsageTests {
    @Test func aKubeletsAnswerIsRead() {
        let reading = NodeReading(text)
        #expect(reading.node == .init(cpuSeconds: 100, memory: 2_097_152, time: 1000))
        // The second's time is no number, and of the third there is no memory.
        #expect(
            reading.pods == [.init(namespace: "shop", name: "web-1"): ["c": .init(cpuSeconds: 4.5, memory: 1_048_576, time: 1000, started: 900.5)]])
        #expect(NodeReading("").node == nil)
    }

    @Test(
        "Use is told from two readings",
        arguments: [
            // (time, cpu) of the first, (time, cpu, start) of the second; expected cores and window
            ((100.0, 5.0), (115.0, 20.0, nil), (1.0, 15.0)),
            ((100.0, 5.0), (100.0, 5.0, nil), nil),
            // The counter began anew, and nobody says when.
            ((100.0, 5.0), (115.0, 1.0, nil), nil),
            // It began anew in between.
            ((100.0, 5.0), (120.0, 1.0, 110.0), (0.1, 10.0)),
            ((100.0, 5.0), (115.0, 1.0, 110.0), nil),
            // There is one reading of it.
            (nil, (115.0, 2.0, 95.0), (0.1, 20.0)),
            (nil, (115.0, 2.0, 15.0), nil),
            (nil, (115.0, 2.0, nil), nil),
        ] as [((Double, Double)?, (Double, Double, Double?), (Double, Double)?)])
    func differences(_ earlier: (Double, Double)?, _ later: (Double, Double, Double?), _ expected: (Double, Double)?) {
        let usage = Usage(
            from: earlier.map { .init(cpuSeconds: $0.1, memory: 1, time: $0.0) },
            to: .init(cpuSeconds: later.1, memory: 7, time: later.0, started: later.2))
        #expect(usage?.cpu == expected?.0)
        #expect(usage?.window == expected?.1)
        #expect(usage?.memory == expected.map { _ in 7 })
    }

    @Test func aNodeThatDoesNotAnswerIsForgotten() {
        let history = UsageHistory()
        history.record(reading(cpu: 1, at: 100), of: "a")
        #expect(history.pod(namespace: "shop", name: "web-1") == nil)
        history.record(reading(cpu: 4, at: 110), of: "a")
        #expect(history.pod(namespace: "shop", name: "web-1")?.first?.usage.cpu == 0.3)
        #expect(history.node("a")?.cpu == 0.6)
        history.record(nil, of: "a")
        #expect(history.node("a") == nil)
        #expect(history.pod(namespace: "shop", name: "web-1") == nil)
        history.record(reading(cpu: 5, at: 120), of: "a")
        #expect(history.node("a") == nil)
    }

    @Test func aRoundAsksEveryNodeAndLeavesOutThoseThatAreGone() async {
        let history = UsageHistory()
        let names = Mutex(["a", "b"])
        let time = Mutex(Int64(100))
        let collector = UsageCollector(
            history: history, nodes: { names.withLock { $0 } },
            ask: { node, path in
                guard path == "/metrics/resource", node != "c" else { throw APIStatus.badRequest("no") }
                let now = time.withLock { $0 }
                let bytes = """
                    node_cpu_usage_seconds_total \(now) \(now * 1000)
                    node_memory_working_set_bytes 1 \(now * 1000)
                    """
                return Array(bytes.utf8)
            }, time: .system, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        await collector.round()
        time.withLock { $0 = 115 }
        await collector.round()
        #expect(history.node("a")?.cpu == 1)
        #expect(history.node("b")?.window == 15)
        names.withLock { $0 = ["a", "c"] }
        await collector.round()
        #expect(history.node("a") == nil)
        #expect(history.node("b") == nil && history.node("c") == nil)
    }
}

@Suite struct ResourceMetricsHandlerTests {
    private static func ask(_ verb: String, _ resource: String, namespace: String = "", name: String = "", query: String = "") -> JSONValue {
        let history = UsageHistory()
        history.record(reading(cpu: 1, at: 985), of: "n1")
        history.record(reading(cpu: 4.75, at: 1000), of: "n1")
        func pod(_ name: String, phase: String) -> JSONValue {
            [
                "metadata": ["name": .string(name), "namespace": "shop", "labels": ["app": .string(String(name.prefix(3)))]],
                "status": ["phase": .string(phase)],
            ]
        }
        let objects: [String: [JSONValue]] = [
            "nodes": [["metadata": ["name": "n1"]], ["metadata": ["name": "silent"]]],
            "pods": [pod("web-1", phase: "Running"), pod("new-1", phase: "Running"), pod("old-1", phase: "Succeeded")],
        ]
        let lookup = ObjectLookup(
            get: { _, resource, _, name in objects[resource]?.first { $0["metadata"]?["name"]?.stringValue == name } },
            list: { _, resource, _ in objects[resource] ?? [] })
        let handler = ResourceMetricsHandler(lookup: lookup, history: history, clock: ServerClock { 1001 })
        let info = RequestInfo(
            isResourceRequest: true, verb: verb, apiGroup: "metrics.k8s.io", apiVersion: "v1beta1", namespace: namespace, resource: resource,
            name: name)
        let answer = Mutex(JSONValue.null)
        let request = APIRequest(method: "GET", path: "/", query: QueryItems(parsing: query[...]), info: info)
        handler.handle(request, Collector { reply in answer.withLock { $0 = reply.body } })
        return answer.withLock { $0 }
    }

    @Test func aNodesUse() {
        let node = Self.ask("get", "nodes", name: "n1")
        #expect(
            node == [
                "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": ["name": "n1", "creationTimestamp": "1970-01-01T00:16:41Z"], "timestamp": "1970-01-01T00:16:40Z", "window": "15.000s",
                "usage": ["cpu": "500000000n", "memory": "2048Ki"],
            ])
        #expect(Self.ask("get", "nodes", name: "silent")["reason"]?.stringValue == "NotFound")
    }

    @Test func aPodsUse() {
        let pod = Self.ask("get", "pods", namespace: "shop", name: "web-1")
        #expect(pod["containers"] == [["name": "c", "usage": ["cpu": "250000000n", "memory": "1024Ki"]]])
        #expect(pod["metadata"]?["labels"] == ["app": "web"])
        #expect(Self.ask("get", "pods", namespace: "shop", name: "new-1")["code"]?.integerValue == 404)
        #expect(Self.ask("delete", "pods", namespace: "shop", name: "web-1")["code"]?.integerValue == 405)
    }

    @Test(arguments: [("", 1), ("labelSelector=app%3Dweb", 1), ("labelSelector=app%3Dnew", 0), ("fieldSelector=metadata.name%3Dnew-1", 0)])
    func listsSelect(_ query: String, _ count: Int) {
        let list = Self.ask("list", "pods", namespace: "shop", query: query)
        #expect(list["kind"]?.stringValue == "PodMetricsList")
        #expect(list["items"]?.arrayValue?.count == count)
    }
}
