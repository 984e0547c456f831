/// What a kubelet measured at one moment: its answer to `/metrics/resource`.
struct NodeReading: Sendable {
    struct Point: Sendable, Equatable {
        /// CPU time used so far, in seconds of one core.
        var cpuSeconds: Double = 0
        /// Working set, bytes.
        var memory: Double = 0
        /// When it was measured, seconds since 1970.
        var time: Double = 0
        /// When the container started, seconds since 1970; nil when it is not known.
        var started: Double?
    }

    struct PodKey: Hashable, Sendable {
        var namespace: String
        var name: String
    }

    private(set) var node: Point?
    /// By pod and container name.
    private(set) var pods: [PodKey: [String: Point]] = [:]

    /// Reads the text format of Prometheus. Lines of other metrics, and such as cannot be read, are passed over.
    init(_ text: String) {
        var node = Point()
        var hasNodeCPU = false
        var hasNodeMemory = false
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let sample = Sample(line) else { continue }
            switch sample.name {
            case "node_cpu_usage_seconds_total":
                (node.cpuSeconds, hasNodeCPU) = (sample.value, true)
                node.time = sample.time ?? 0
            case "node_memory_working_set_bytes": (node.memory, hasNodeMemory) = (sample.value, true)
            case "container_cpu_usage_seconds_total":
                edit(sample) { point in
                    point.cpuSeconds = sample.value
                    point.time = sample.time ?? 0
                }
            case "container_memory_working_set_bytes": edit(sample) { $0.memory = sample.value }
            case "container_start_time_seconds": edit(sample) { $0.started = sample.value }
            default: continue
            }
        }
        if hasNodeCPU, hasNodeMemory, node.time > 0 { self.node = node }
        // What has no measurement of both says nothing.
        pods = pods.mapValues { $0.filter { $0.value.time > 0 && $0.value.memory > 0 } }.filter { !$0.value.isEmpty }
    }

    private mutating func edit(_ sample: Sample, _ body: (inout Point) -> Void) {
        guard let namespace = sample.labels["namespace"], let pod = sample.labels["pod"], let container = sample.labels["container"] else { return }
        body(&pods[PodKey(namespace: namespace, name: pod), default: [:]][container, default: Point()])
    }

    /// One line: `name{label="value",...} number [milliseconds]`.
    private struct Sample {
        var name: Substring
        var labels: [Substring: String] = [:]
        var value: Double
        /// Seconds since 1970.
        var time: Double?

        init?(_ line: Substring) {
            name = line.prefix { $0 != "{" && $0 != " " }
            var rest = line.dropFirst(name.count)
            if rest.first == "{" {
                guard let end = rest.lastIndex(of: "}") else { return nil }
                for pair in rest[..<end].dropFirst().split(separator: ",") {
                    // Names of objects have neither commas nor quotes.
                    let halves = pair.split(separator: "=", maxSplits: 1)
                    guard halves.count == 2 else { continue }
                    labels[halves[0]] = String(halves[1].filter { $0 != "\"" })
                }
                rest = rest[end...].dropFirst()
            }
            let numbers = rest.split(separator: " ")
            guard let first = numbers.first, let value = Double(first), value.isFinite else { return nil }
            self.value = value
            time = numbers.count > 1 ? Double(numbers[1]).map { $0 / 1000 } : nil
        }
    }
}
