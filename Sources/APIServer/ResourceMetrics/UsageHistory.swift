import Synchronization

/// Use of CPU and memory over a short time.
struct Usage: Sendable, Equatable {
    /// Cores.
    var cpu: Double
    /// Bytes.
    var memory: Double
    /// When the measurement ended, seconds since 1970.
    var time: Double
    /// What it covers, seconds.
    var window: Double

    /// Between two readings; nil when they say nothing: use can only be told from a difference.
    init?(from earlier: NodeReading.Point?, to point: NodeReading.Point) {
        var base = earlier.flatMap { $0.time < point.time ? $0 : nil }
        if let started = point.started, started > base?.time ?? 0 {
            // It began in between, or a moment before the first reading; then it had used nothing.
            let age = point.time - started
            base = age >= Self.youngestSeconds && (base != nil || age <= Self.startedLatelySeconds) ? .init(time: started) : nil
        }
        guard let base, point.cpuSeconds >= base.cpuSeconds else { return nil }
        window = point.time - base.time
        cpu = (point.cpuSeconds - base.cpuSeconds) / window
        memory = point.memory
        time = point.time
    }

    /// What a container uses while it starts says little about it.
    private static let youngestSeconds = 10.0
    /// A container that is older may have been at rest for most of its life: its average would mislead.
    private static let startedLatelySeconds = 30.0
}

/// The last two readings of each node, and what follows from them.
final class UsageHistory: Sendable {
    private struct Readings {
        var last: NodeReading
        var before: NodeReading?
    }

    private struct State {
        var nodes: [String: Readings] = [:]
        var nodeOfPod: [NodeReading.PodKey: String] = [:]
    }

    private let state = Mutex(State())

    /// - Parameter reading: nil when the node did not answer: nothing is known of it until it answers again.
    func record(_ reading: NodeReading?, of node: String) {
        state.withLock { state in
            let known = state.nodes[node]
            for pod in known?.last.pods.keys ?? [:].keys where state.nodeOfPod[pod] == node { state.nodeOfPod[pod] = nil }
            guard let reading else {
                state.nodes[node] = nil
                return
            }
            state.nodes[node] = Readings(last: reading, before: known?.last)
            for pod in reading.pods.keys { state.nodeOfPod[pod] = node }
        }
    }

    /// Forgets all nodes but these.
    func keep(only nodes: Set<String>) {
        let gone = state.withLock { state in state.nodes.keys.filter { !nodes.contains($0) } }
        for node in gone { record(nil, of: node) }
    }

    func node(_ name: String) -> Usage? {
        state.withLock { state in
            guard let readings = state.nodes[name], let last = readings.last.node else { return nil }
            return Usage(from: readings.before?.node, to: last)
        }
    }

    /// The use of each of the pod's containers; nil while that of one of them is not known.
    func pod(namespace: String, name: String) -> [(container: String, usage: Usage)]? {
        let key = NodeReading.PodKey(namespace: namespace, name: name)
        return state.withLock { state in
            guard let readings = state.nodeOfPod[key].flatMap({ state.nodes[$0] }), let containers = readings.last.pods[key] else { return nil }
            var result: [(container: String, usage: Usage)] = []
            for (container, point) in containers.sorted(by: { $0.key < $1.key }) {
                guard let usage = Usage(from: readings.before?.pods[key]?[container], to: point) else { return nil }
                result.append((container, usage))
            }
            return result
        }
    }
}
