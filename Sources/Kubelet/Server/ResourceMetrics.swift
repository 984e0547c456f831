import ContainerRuntime
import KubernetesClient
import Logging

/// `/metrics/resource`: what the node, its pods and their containers use of CPU and memory, for autoscaling and `kubectl top`.
struct ResourceMetrics: Sendable {
    struct ContainerUsage: Sendable {
        var namespace: String
        var pod: String
        var container: String
        var cpuNanoseconds: Int64
        var workingSet: Int64
        var measured: Timestamp
        /// Nil when it is not known.
        var started: Timestamp?
    }

    var node: NodeUsage
    var measured: Timestamp
    var containers: [ContainerUsage]
    /// Whether the runtime did not answer.
    var hasFailed: Bool

    static func measure(_ services: NodeServices, _ registry: PodRegistry) async -> ResourceMetrics {
        let started = Dictionary(
            registry.all.flatMap { $0.observed.running.map { ($0.id, $0.startedAt) } }, uniquingKeysWith: { first, _ in first })
        var stats: [CRIContainerStats] = []
        var hasFailed = false
        do {
            stats = try await services.runtime.listContainerStats(nil)
        } catch {
            hasFailed = true
            services.logger.warning("the containers' use of resources cannot be read", metadata: ["error": "\(error)"])
        }
        let containers = stats.compactMap { item -> ContainerUsage? in
            let labels = item.attributes.labels
            guard let pod = labels[RuntimeLabels.podName], let namespace = labels[RuntimeLabels.podNamespace], item.cpu.timestamp > 0 else {
                return nil
            }
            return ContainerUsage(
                namespace: namespace, pod: pod, container: item.attributes.metadata.name,
                cpuNanoseconds: Int64(clamping: item.cpu.usageCoreNanoSeconds.value), workingSet: Int64(clamping: item.memory.workingSetBytes.value),
                measured: Timestamp(nanoseconds: item.cpu.timestamp), started: started[item.attributes.id])
        }
        return ResourceMetrics(node: .measure(), measured: services.time.now, containers: containers, hasFailed: hasFailed)
    }

    /// In the text format of Prometheus, names and labels as upstream's.
    var text: String {
        var text = ""
        func family(_ name: String, _ type: String, _ help: String, _ samples: [(labels: String, value: Double, time: Timestamp?)]) {
            text += "# HELP \(name) [STABLE] \(help)\n# TYPE \(name) \(type)\n"
            for sample in samples {
                text += "\(name)\(sample.labels) \(sample.value)"
                if let time = sample.time { text += " \(time.nanoseconds / 1_000_000)" }
                text += "\n"
            }
        }
        let sorted = containers.sorted { ($0.namespace, $0.pod, $0.container) < ($1.namespace, $1.pod, $1.container) }
        func ofContainers(_ value: (ContainerUsage) -> Double?) -> [(labels: String, value: Double, time: Timestamp?)] {
            sorted.compactMap { usage in
                value(usage).map {
                    ("{container=\"\(usage.container)\",namespace=\"\(usage.namespace)\",pod=\"\(usage.pod)\"}", $0, usage.measured)
                }
            }
        }
        func ofPods(_ value: (ContainerUsage) -> Double) -> [(labels: String, value: Double, time: Timestamp?)] {
            var result: [(labels: String, value: Double, time: Timestamp?)] = []
            for usage in sorted {
                let labels = "{namespace=\"\(usage.namespace)\",pod=\"\(usage.pod)\"}"
                if let last = result.indices.last, result[last].labels == labels {
                    result[last].value += value(usage)
                } else {
                    result.append((labels, value(usage), usage.measured))
                }
            }
            return result
        }
        func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1e9 }
        family(
            "container_cpu_usage_seconds_total", "counter", "CPU time that the container has used, in seconds of one core",
            ofContainers { seconds($0.cpuNanoseconds) })
        family(
            "container_memory_working_set_bytes", "gauge", "Memory of the container that is in use and cannot be reclaimed at once, in bytes",
            ofContainers { Double($0.workingSet) })
        family(
            "container_start_time_seconds", "gauge", "When the container started, in seconds since 1970",
            ofContainers { usage in usage.started.map { seconds($0.nanoseconds) } })
        family(
            "node_cpu_usage_seconds_total", "counter", "CPU time that the node has used, in seconds of one core",
            [("", seconds(node.cpuNanoseconds), measured)])
        family(
            "node_memory_working_set_bytes", "gauge", "Memory of the node that is in use and cannot be reclaimed at once, in bytes",
            [("", Double(node.memoryWorkingSet), measured)])
        family(
            "pod_cpu_usage_seconds_total", "counter", "CPU time that the pod's containers have used, in seconds of one core",
            ofPods { seconds($0.cpuNanoseconds) })
        family(
            "pod_memory_working_set_bytes", "gauge", "Memory of the pod's containers that is in use and cannot be reclaimed at once, in bytes",
            ofPods { Double($0.workingSet) })
        family("resource_scrape_error", "gauge", "1 when the containers' use could not be read, else 0", [("", hasFailed ? 1 : 0, nil)])
        return text
    }
}
