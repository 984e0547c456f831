import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization

/// Gives every node a range of pod addresses out of the cluster's.
///
/// When none is left a node is told so and waits: it is served when another node goes, and not asked about before.
final class NodeIPAMController: Controller {
    static let name = "node-ipam-controller"
    /// How often a node that waits is told again, at most.
    static let reminderPeriod = Duration.seconds(1000)

    private struct State {
        var table: RangeTable
        /// Nodes without a range, and when they were told.
        var waiting: [String: Duration] = [:]
    }

    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let events: EventRecorder
    private let queue: WorkQueue<String>
    private let ranges: PodRanges
    private let state: Mutex<State>

    init(_ context: ControllerContext, ranges: PodRanges) {
        self.context = context.named(Self.name)
        nodes = context.informers.informer(Node.self)
        events = context.recorder("cidrAllocator")
        queue = WorkQueue(time: context.time)
        self.ranges = ranges
        state = Mutex(State(table: RangeTable(ranges)))
        let queue = queue
        nodes.addHandler(
            added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") },
            deleted: { queue.add($0.metadata.name ?? "") })
    }

    func run() async throws {
        // All ranges in use must be known before the first is given out.
        for node in nodes.list() { note(node) }
        // One worker: no two nodes may be given the same range.
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] name in try await sync(name) }
    }

    /// - Returns: whether the node has a range.
    @discardableResult
    private func note(_ node: Node) -> Bool {
        let own = node.spec.podCIDRs.isEmpty ? [node.spec.podCIDR ?? ""] : node.spec.podCIDRs
        guard own.contains(where: { !$0.isEmpty }) else { return false }
        let name = node.metadata.name ?? ""
        state.withLock { state in
            state.table.note(name, has: own)
            state.waiting[name] = nil
        }
        return true
    }

    private func sync(_ name: String) async throws {
        guard let node = nodes.get(name) else { return release(name) }
        if note(node) { return }
        guard let range = state.withLock({ $0.table.give(name) }) else { return wait(node, name) }
        do {
            let patch: JSONValue = [
                "metadata": ["uid": .string(node.metadata.uid ?? "")], "spec": ["podCIDR": .string(range), "podCIDRs": [.string(range)]],
            ]
            _ = try await context.client.patch(Node.self, name, .strategic(patch))
            state.withLock { $0.waiting[name] = nil }
        } catch let refusal as APIStatusError where refusal.isNotFound || refusal.isConflict {
            // Gone, or another node by the same name: the informer will tell.
            release(name)
        }
        // After any other failure the range stays the node's: it may have been written, and is given again.
    }

    private func wait(_ node: Node, _ name: String) {
        let now = context.time.uptime()
        let (tells, isFirst) = state.withLock { state in
            let isFirst = state.waiting.isEmpty
            let tells = state.waiting[name].map { now - $0 >= Self.reminderPeriod } ?? true
            if tells { state.waiting[name] = now }
            return (tells, isFirst)
        }
        if tells {
            events.event(node, type: "Normal", reason: "CIDRNotAvailable", message: "Node \(name) status is now: CIDRNotAvailable")
        }
        if isFirst {
            context.logger.warning(
                "no range of pod addresses is left for further nodes; use a larger --cluster-cidr or a larger --node-cidr-mask-size",
                metadata: ["clusterCIDR": "\(ranges)", "ranges": "\(ranges.count)", "node": "\(name)"])
        }
    }

    /// Takes back what a node had, and lets one that waits have it.
    private func release(_ name: String) {
        let next = state.withLock { state -> String? in
            state.waiting[name] = nil
            state.table.release(name)
            return state.table.isFull ? nil : state.waiting.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
        }
        if let next { queue.add(next) }
    }
}
