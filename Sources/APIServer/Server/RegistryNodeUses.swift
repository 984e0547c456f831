import JSON
import Synchronization

/// What nodes' pods refer to, as the registry has it. Nothing until it follows one.
final class RegistryNodeUses: Sendable {
    private let followed = Mutex<Registry?>(nil)

    func follow(_ registry: Registry) {
        followed.withLock { $0 = registry }
    }

    var uses: NodeUses {
        NodeUses(
            pods: { [weak self] node in self?.followed.withLock { $0 }?.pods(onNode: node) ?? [] },
            lookup: { [weak self] in self?.followed.withLock { $0 }?.object(group: $0, resource: $1, namespace: $2, name: $3) })
    }
}

extension Registry {
    /// The pods that are bound to a node, found by an index.
    func pods(onNode node: String) -> [JSONValue] {
        guard let cache = storage(group: "", resource: "pods")?.cache else { return [] }
        return cache.snapshot(index: WatchCacheIndexKey(index: "spec.nodeName", value: node))?.sequence(namespace: nil).map(\.tree) ?? []
    }
}
