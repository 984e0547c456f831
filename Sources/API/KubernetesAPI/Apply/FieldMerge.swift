package import JSON

/// Puts an applied configuration on top of an object.
package enum FieldMerge {
    /// The object with everything that the configuration says; nothing is taken away. Elements of lists stand in the configuration's order, where it
    /// says one.
    package static func merge(_ configuration: JSONValue, into live: JSONValue, schema: Schema) -> JSONValue {
        merge(live, configuration, .object(schema)) ?? .null
    }

    private static func merge(_ live: JSONValue?, _ applied: JSONValue?, _ shape: ApplyShape) -> JSONValue? {
        guard let applied else { return live }
        let shape = shape.of(applied)
        switch shape {
        case .scalar, .atomicList, .atomicObject:
            return applied
        case .set, .listMap:
            if live?.isVoid ?? true, applied.isVoid { return applied }
            return .array(lists(live?.arrayValue ?? [], applied.arrayValue ?? [], shape))
        case .map, .object, .untyped:
            if live?.isVoid ?? true, applied.isVoid { return applied }
            guard case .object(let wanted) = applied else { return live }
            guard case .object(var merged)? = live else { return merge(.object([:]), applied, shape) }
            for (name, value) in wanted { merged[name] = merge(merged[name], value, shape.member(name).shape) }
            return .object(merged)
        }
    }

    /// Elements that both have stand where the configuration has them; those that only the object has keep their place among the others.
    private static func lists(_ live: [JSONValue], _ applied: [JSONValue], _ shape: ApplyShape) -> [JSONValue] {
        let lives = keyed(live, shape)
        let wanted = keyed(applied, shape)
        var liveValues: [String: JSONValue?] = [:]
        // Elements that are there more than once are not merged with what is applied, but replaced.
        for (key, value) in lives { liveValues[key] = liveValues.keys.contains(key) ? .some(nil) : value }
        let wantedValues = Dictionary(wanted.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        var shared = wanted.map(\.key).filter { liveValues.keys.contains($0) }[...]
        var nextShared = shared.popFirst()
        var taken: Set<String> = []
        var merged: [JSONValue] = []

        func take(_ key: String) {
            let below = liveValues[key].flatMap { $0 }
            if let value = merge(below, wantedValues[key], shape.elements) { merged.append(value) }
            taken.insert(key)
        }
        var l = 0
        var r = 0
        while l < lives.count || r < wanted.count {
            if l < lives.count, r < wanted.count {
                let key = lives[l].key
                if key == wanted[r].key {
                    take(key)
                    l += 1
                    r += 1
                    nextShared = shared.popFirst()
                    continue
                }
                if wantedValues[key] != nil, let nextShared, nextShared != key {
                    // Both have it, but its turn comes later.
                    l += 1
                    continue
                }
            }
            if l < lives.count {
                let key = lives[l].key
                if wantedValues[key] == nil {
                    merged.append(lives[l].value)
                    l += 1
                    continue
                }
                if taken.contains(key) { l += 1 }
            }
            if r < wanted.count {
                let key = wanted[r].key
                take(key)
                r += 1
                if nextShared == key { nextShared = shared.popFirst() }
            }
        }
        return merged
    }

    private static func keyed(_ items: [JSONValue], _ shape: ApplyShape) -> [(key: String, value: JSONValue)] {
        items.compactMap { item in (try? shape.pathElement(of: item)).map { ($0.fieldsV1Key, item) } }
    }
}
