import Testing

@testable import Kubelet

@Suite struct ResourceMetricsTests {
    @Test func theMachinesUseIsReadFromTheKernel() {
        let usage = NodeUsage(
            stat: "cpu  100 20 30 999 5 6 7\ncpu0 1 2 3\n", meminfo: "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n")
        #expect(usage.cpuNanoseconds == 1_500_000_000)
        #expect(usage.memoryUsed == 900 * 1024)
        #expect(usage.memoryWorkingSet == 400 * 1024)
        #expect(usage.memoryAvailable == 600 * 1024)
        #expect(NodeUsage(stat: "", meminfo: "").cpuNanoseconds == 0)
    }

    @Test func aPodsUseIsThatOfItsContainers() {
        func usage(_ container: String, _ cpu: Int64, started: Timestamp?) -> ResourceMetrics.ContainerUsage {
            .init(
                namespace: "shop", pod: "web", container: container, cpuNanoseconds: cpu, workingSet: 1024,
                measured: Timestamp(nanoseconds: 5_000_000_000), started: started)
        }
        let metrics = ResourceMetrics(
            node: NodeUsage(stat: "cpu 100 0 0", meminfo: ""), measured: Timestamp(seconds: 6),
            containers: [usage("b", 500_000_000, started: nil), usage("a", 1_000_000_000, started: Timestamp(seconds: 2))], hasFailed: true)
        let lines = metrics.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(
            lines == [
                "container_cpu_usage_seconds_total{container=\"a\",namespace=\"shop\",pod=\"web\"} 1.0 5000",
                "container_cpu_usage_seconds_total{container=\"b\",namespace=\"shop\",pod=\"web\"} 0.5 5000",
                "container_memory_working_set_bytes{container=\"a\",namespace=\"shop\",pod=\"web\"} 1024.0 5000",
                "container_memory_working_set_bytes{container=\"b\",namespace=\"shop\",pod=\"web\"} 1024.0 5000",
                "container_start_time_seconds{container=\"a\",namespace=\"shop\",pod=\"web\"} 2.0 5000",
                "node_cpu_usage_seconds_total 1.0 6000", "node_memory_working_set_bytes 0.0 6000",
                "pod_cpu_usage_seconds_total{namespace=\"shop\",pod=\"web\"} 1.5 5000",
                "pod_memory_working_set_bytes{namespace=\"shop\",pod=\"web\"} 2048.0 5000", "resource_scrape_error 1.0",
            ])
    }
}
