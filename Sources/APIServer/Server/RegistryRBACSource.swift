import JSON
import Synchronization

/// The role objects as the registry has them. Empty until it follows one.
final class RegistryRBACSource: RBACSource {
    private let counter = Atomic<UInt64>(0)
    private let followed = Mutex<(registry: Registry, observers: [ChangeObserver])?>(nil)

    /// Called once the registry's caches are filled.
    func follow(_ registry: Registry) {
        let observers = RBACKind.allCases.compactMap { kind in
            registry.observe(group: RBACKind.group, resource: kind.rawValue) { [weak self] in
                self?.counter.wrappingAdd(1, ordering: .releasing)
            }
        }
        followed.withLock { $0 = (registry, observers) }
        counter.wrappingAdd(1, ordering: .releasing)
    }

    /// Whether the caches have been filled.
    var isFollowing: Bool { version > 0 }

    var version: UInt64 { counter.load(ordering: .acquiring) }

    func objects(_ kind: RBACKind) -> [JSONValue] {
        followed.withLock { $0?.registry }?.objects(group: RBACKind.group, resource: kind.rawValue, namespace: nil) ?? []
    }
}
