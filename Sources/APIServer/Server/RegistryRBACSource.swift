import JSON

/// Hands the role objects in the watch caches to the authorizer.
struct RegistryRBACSource: RBACSource {
    private let caches: [(kind: RBACKind, cache: WatchCache)]

    init(registry: Registry) {
        caches = RBACKind.allCases.compactMap { kind in
            registry.storage(group: RBACKind.group, resource: kind.rawValue).map { (kind, $0.cache) }
        }
    }

    var version: UInt64 {
        var latest: Int64 = 0
        for (_, cache) in caches { latest = max(latest, cache.lastChange) }
        return UInt64(clamping: latest)
    }

    func objects(_ kind: RBACKind) -> [JSONValue] {
        guard let cache = caches.first(where: { $0.kind == kind })?.cache else { return [] }
        return cache.snapshot().sequence(namespace: nil).map(\.tree)
    }
}
