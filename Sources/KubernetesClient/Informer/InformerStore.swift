import KubernetesAPI

/// The objects an informer knows, with their indexes. A plain value; the informer guards it with its lock.
struct InformerStore<T: KubernetesResource>: Sendable {
    struct Index: Sendable {
        var keys: @Sendable (T) -> [String]
        var names: [String: Set<NamespacedName>] = [:]
    }

    /// What a change meant for one object.
    enum Notification: Sendable {
        case added(T)
        case updated(T, T)
        case deleted(T)
    }

    private(set) var objects: [NamespacedName: T] = [:]
    private(set) var indexes: [String: Index] = [:]

    mutating func addIndex(_ name: String, _ keys: @escaping @Sendable (T) -> [String]) {
        var index = Index(keys: keys)
        for (key, object) in objects {
            for value in keys(object) { index.names[value, default: []].insert(key) }
        }
        indexes[name] = index
    }

    func list(index: String, key: String) -> [T] {
        guard let names = indexes[index]?.names[key] else { return [] }
        return names.compactMap { objects[$0] }
    }

    /// Takes over a complete state.
    mutating func replace(_ fresh: [T]) -> [Notification] {
        var notifications: [Notification] = []
        var gone = objects
        if objects.isEmpty { objects.reserveCapacity(fresh.count) }
        for object in fresh {
            gone[NamespacedName(object.metadata)] = nil
            if let notification = put(object) { notifications.append(notification) }
        }
        for (key, object) in gone {
            remove(key)
            notifications.append(.deleted(object))
        }
        return notifications
    }

    mutating func apply(_ event: WatchEvent<T>) -> Notification? {
        switch event {
        case .added(let object), .modified(let object): return put(object)
        case .deleted(let object):
            return remove(NamespacedName(object.metadata)) ? .deleted(object) : nil
        case .bookmark: return nil
        }
    }

    private mutating func put(_ object: T) -> Notification? {
        let key = NamespacedName(object.metadata)
        guard let old = objects.updateValue(object, forKey: key) else {
            index(key, old: nil, new: object)
            return .added(object)
        }
        if old.metadata.resourceVersion == object.metadata.resourceVersion, old.metadata.uid == object.metadata.uid { return nil }
        index(key, old: old, new: object)
        // A name that was deleted and used again while we were not looking.
        return .updated(old, object)
    }

    @discardableResult
    private mutating func remove(_ key: NamespacedName) -> Bool {
        guard let old = objects.removeValue(forKey: key) else { return false }
        index(key, old: old, new: nil)
        return true
    }

    private mutating func index(_ key: NamespacedName, old: T?, new: T?) {
        for name in indexes.keys {
            guard let keys = indexes[name]?.keys else { continue }
            let before = old.map(keys) ?? []
            let after = new.map(keys) ?? []
            if before == after { continue }
            for value in before where !after.contains(value) {
                indexes[name]?.names[value]?.remove(key)
                if indexes[name]?.names[value]?.isEmpty == true { indexes[name]?.names[value] = nil }
            }
            for value in after { indexes[name]?.names[value, default: []].insert(key) }
        }
    }
}
