import KubernetesAPI

/// The objects an informer knows, with their indexes. A plain value; the informer guards it with its lock.
struct InformerStore<T: KubernetesResource>: Sendable {
    struct Index: Sendable {
        var name: String
        var keys: @Sendable (T) -> [String]
        /// The objects themselves, so that a list by index looks nothing up.
        var objects: [String: [NamespacedName: T]] = [:]

        mutating func update(_ name: NamespacedName, from old: T?, to new: T?) {
            let before = old.map(keys) ?? []
            let after = new.map(keys) ?? []
            for key in before where !after.contains(key) {
                objects[key]?[name] = nil
                if objects[key]?.isEmpty == true { objects[key] = nil }
            }
            guard let new else { return }
            for key in after { objects[key, default: [:]][name] = new }
        }
    }

    /// What a change meant for one object.
    enum Notification: Sendable {
        case added(T)
        case updated(T, T)
        case deleted(T)
    }

    private(set) var objects: [NamespacedName: T] = [:]
    private var indexes: [Index] = []

    mutating func addIndex(_ name: String, _ keys: @escaping @Sendable (T) -> [String]) {
        var index = Index(name: name, keys: keys)
        for (key, object) in objects { index.update(key, from: nil, to: object) }
        indexes.removeAll { $0.name == name }
        indexes.append(index)
    }

    func list(index: String, key: String) -> [T] {
        guard let found = indexes.first(where: { $0.name == index })?.objects[key] else { return [] }
        return Array(found.values)
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

    // Changed in place: a second reference to an index, such as a loop over a dictionary's keys holds, would copy all of it each time.
    private mutating func index(_ key: NamespacedName, old: T?, new: T?) {
        for position in indexes.indices { indexes[position].update(key, from: old, to: new) }
    }
}
