import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Synchronization

/// Gives every node a range of pod addresses out of the cluster's.
final class NodeIPAMController: Controller {
    static let name = "node-ipam-controller"

    private let context: ControllerContext
    private let nodes: Informer<Node>
    private let events: EventRecorder
    private let queue: WorkQueue<String>
    private let ranges: PodRanges
    private let used = Mutex<[String: String]>([:])

    init(_ context: ControllerContext, ranges: PodRanges) {
        self.context = context.named(Self.name)
        nodes = context.informers.informer(Node.self)
        events = context.recorder("cidrAllocator")
        queue = WorkQueue(time: context.time)
        self.ranges = ranges
        let queue = queue
        nodes.addHandler(
            added: { queue.add($0.metadata.name ?? "") }, updated: { _, new in queue.add(new.metadata.name ?? "") },
            deleted: { queue.add($0.metadata.name ?? "") })
    }

    func run() async throws {
        // One worker: no two nodes may be given the same range.
        await runWorkers(queue: queue, count: 1, logger: context.logger) { [self] name in try await sync(name) }
    }

    private func sync(_ name: String) async throws {
        guard let node = nodes.get(name) else { return used.withLock { $0[name] = nil } }
        if let range = node.spec.podCIDR, !range.isEmpty { return used.withLock { $0[name] = range } }
        let taken = Set(nodes.list().flatMap(\.spec.podCIDRs) + used.withLock { Array($0.values) })
        guard let range = ranges.first(notIn: taken) else {
            events.event(node, type: "Normal", reason: "CIDRNotAvailable", message: "Node \(name) status is now: CIDRNotAvailable")
            throw NoPodRangeLeft(clusterCIDR: ranges.description)
        }
        let patch: JSONValue = ["spec": ["podCIDR": .string(range), "podCIDRs": [.string(range)]]]
        _ = try await context.client.patch(Node.self, name, .strategic(patch))
        used.withLock { $0[name] = range }
    }
}

struct NoPodRangeLeft: Error, CustomStringConvertible {
    var clusterCIDR: String
    var description: String { "no range of pod addresses is left in \(clusterCIDR); use a larger --cluster-cidr or a larger --node-cidr-mask-size" }
}

/// The ranges into which the cluster's IPv4 pod range is cut, one for each node.
package struct PodRanges: Sendable, CustomStringConvertible {
    private let base: UInt32
    private let prefix: Int
    private let nodePrefix: Int

    /// - Parameters:
    ///   - clusterCIDR: such as `10.244.0.0/16`.
    ///   - nodePrefix: the length of a node's prefix: 24 gives it 256 addresses.
    /// - Returns: nil when the text is no IPv4 range, or the nodes' prefix is not inside it.
    package init?(clusterCIDR: String, nodePrefix: Int = 24) {
        let parts = clusterCIDR.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let prefix = Int(parts[1]), (0...30).contains(prefix), (prefix...30).contains(nodePrefix) else { return nil }
        let bytes = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        var base: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            base = base << 8 | UInt32(byte)
        }
        self.base = prefix == 0 ? 0 : base & ~(UInt32.max >> UInt32(prefix))
        self.prefix = prefix
        self.nodePrefix = nodePrefix
    }

    package var description: String { "\(Self.dotted(base))/\(prefix)" }

    /// The lowest range that is not taken.
    func first(notIn taken: Set<String>) -> String? {
        let step = UInt32(1) << UInt32(32 - nodePrefix)
        for index in 0..<(UInt64(1) << UInt64(nodePrefix - prefix)) {
            let range = "\(Self.dotted(base &+ UInt32(truncatingIfNeeded: index) &* step))/\(nodePrefix)"
            if !taken.contains(range) { return range }
        }
        return nil
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 0xff).\(address >> 8 & 0xff).\(address & 0xff)"
    }
}
