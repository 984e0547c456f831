import JSON
import KubernetesClient
import Logging

/// Asks all kubelets at regular intervals what their nodes and pods use.
struct UsageCollector: Sendable {
    static let period = Duration.seconds(15)
    /// A kubelet that takes longer is left out of this round.
    static let answerTimeout = Duration.seconds(10)
    /// Kubelets that are asked at once.
    static let concurrency = 32

    let history: UsageHistory
    /// The names of all nodes.
    let nodes: @Sendable () -> [String]
    /// What a node's kubelet answers to a path.
    let ask: @Sendable (_ node: String, _ path: String) async throws -> [UInt8]
    let time: TimeSource
    let logger: Logger

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            await round()
            try? await time.sleep(Self.period)
        }
    }

    /// Asks every node once.
    func round() async {
        let names = nodes()
        history.keep(only: Set(names))
        await withDiscardingTaskGroup { group in
            // Each lane takes the nodes of its place, so that a slow one holds up only those behind it.
            for lane in 0..<min(Self.concurrency, names.count) {
                group.addTask {
                    for index in stride(from: lane, to: names.count, by: Self.concurrency) { await read(names[index]) }
                }
            }
        }
    }

    private func read(_ node: String) async {
        do {
            let ask = ask
            let bytes = try await withDeadline(Self.answerTimeout, time) { try await ask(node, "/metrics/resource") }
            history.record(NodeReading(String(decoding: bytes, as: UTF8.self)), of: node)
        } catch {
            if Task.isCancelled { return }
            history.record(nil, of: node)
            logger.debug("a node's use of resources cannot be read", metadata: ["node": "\(node)", "error": "\(error)"])
        }
    }
}

extension UsageCollector {
    /// Asks the kubelets through the server's own proxy.
    init(history: UsageHistory, registry: Registry, client: Client, time: TimeSource = .system, logger: Logger) {
        self.init(
            history: history,
            nodes: { registry.objects(group: "", resource: "nodes", namespace: nil).map { $0.text("metadata", "name") } },
            ask: { node, path in try await client.send("GET", "/api/v1/nodes/\(node)/proxy\(path)").body }, time: time, logger: logger)
    }
}
