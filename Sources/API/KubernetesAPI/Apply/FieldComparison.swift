package import JSON

/// Which fields differ between two states of an object. No field is in more than one of the sets.
package struct FieldComparison: Sendable, Equatable {
    /// Fields that only the old state has.
    package var removed = FieldSet()
    /// Fields that both have, with other values.
    package var modified = FieldSet()
    /// Fields that only the new state has; with all their parents that only it has.
    package var added = FieldSet()

    package init() {}

    package init(old: JSONValue, new: JSONValue, schema: Schema) {
        self = Comparer.compare(old, new, .object(schema)).below
    }

    package var isEmpty: Bool { removed.isEmpty && modified.isEmpty && added.isEmpty }

    /// What is there now and was not, or not so, before.
    package var changed: FieldSet { modified.union(added) }

    package func filtered(_ filter: (FieldSet) -> FieldSet) -> FieldComparison {
        var result = FieldComparison()
        result.removed = filter(removed)
        result.modified = filter(modified)
        result.added = filter(added)
        return result
    }
}

private enum Comparer {
    enum Verdict { case same, removed, modified, added }

    /// What differs at and below a place.
    struct Difference {
        var verdict = Verdict.same
        var below = FieldComparison()

        var isEmpty: Bool { verdict == .same && below.isEmpty }
    }

    /// Collects the differences of a level. Arrays that stay empty cost nothing.
    struct Level {
        private var removed: [FieldSet.Node] = []
        private var modified: [FieldSet.Node] = []
        private var added: [FieldSet.Node] = []

        mutating func put(_ element: @autoclosure () -> PathElement, _ difference: Difference) {
            if difference.isEmpty { return }
            let element = element()
            let verdict = difference.verdict
            let below = difference.below
            if verdict == .removed || !below.removed.isEmpty {
                removed.append(FieldSet.Node(element, isMember: verdict == .removed, children: below.removed))
            }
            if verdict == .modified || !below.modified.isEmpty {
                modified.append(FieldSet.Node(element, isMember: verdict == .modified, children: below.modified))
            }
            if verdict == .added || !below.added.isEmpty {
                added.append(FieldSet.Node(element, isMember: verdict == .added, children: below.added))
            }
        }

        var comparison: FieldComparison {
            var result = FieldComparison()
            if !removed.isEmpty { result.removed = FieldSet(unordered: removed) }
            if !modified.isEmpty { result.modified = FieldSet(unordered: modified) }
            if !added.isEmpty { result.added = FieldSet(unordered: added) }
            return result
        }
    }

    static func compare(_ old: JSONValue?, _ new: JSONValue?, _ shape: ApplyShape) -> Difference {
        let oldShape = shape.of(old)
        let newShape = shape.of(new)
        var difference = Difference()
        if case .untyped = shape, let old, let new, kind(old) != kind(new) {
            // What it was goes, what it is comes.
            difference.verdict = .modified
            difference.below.removed = parts(old, oldShape).removed
            difference.below.added = parts(nil, newShape, new: new).added
            return difference
        }
        let used = new == nil ? oldShape : newShape
        if isLeaf(old, new, used) {
            switch (old, new) {
            case (nil, _): difference.verdict = .added
            case (_, nil): difference.verdict = .removed
            case (let old?, let new?): if old != new { difference.verdict = .modified }
            }
            return difference
        }
        difference.below = parts(old, used, new: new)
        if old == nil { difference.verdict = .added } else if new == nil { difference.verdict = .removed }
        return difference
    }

    private static func kind(_ value: JSONValue) -> Int {
        switch value {
        case .array: 1
        case .object: 2
        default: 0
        }
    }

    /// Empty and absent lists and objects are leaves, so that what is empty can be told from what is absent.
    private static func isLeaf(_ old: JSONValue?, _ new: JSONValue?, _ shape: ApplyShape) -> Bool {
        switch shape {
        case .scalar, .atomicList, .atomicObject: true
        default: (old?.isVoid ?? true) && (new?.isVoid ?? true)
        }
    }

    private static func parts(_ old: JSONValue?, _ shape: ApplyShape, new: JSONValue? = nil) -> FieldComparison {
        switch shape {
        case .set, .listMap: return lists(old?.arrayValue ?? [], new?.arrayValue ?? [], shape)
        case .map, .object, .untyped: return members(old?.objectValue, new?.objectValue, shape)
        case .scalar, .atomicList, .atomicObject: return FieldComparison()
        }
    }

    // MARK: Objects

    private static func members(_ old: JSONObject?, _ new: JSONObject?, _ shape: ApplyShape) -> FieldComparison {
        var level = Level()
        // Objects of one making have their members in one order; then nothing needs to be looked up.
        var places = new?.makeIterator()
        var next = places?.next()
        var matched = 0
        for (name, value) in old ?? [:] {
            var other: JSONValue?
            if let candidate = next, candidate.key == name {
                other = candidate.value
                next = places?.next()
            } else {
                other = new?[name]
            }
            if other != nil { matched += 1 }
            member(name, value, other, hasOld: true, hasNew: new != nil, shape, &level)
        }
        guard let new, matched < new.count else { return level.comparison }
        for (name, value) in new where old?.contains(name) != true {
            member(name, nil, value, hasOld: old != nil, hasNew: true, shape, &level)
        }
        return level.comparison
    }

    /// - Parameter hasOld: whether there was an object that could have had the member.
    private static func member(
        _ name: String, _ old: JSONValue?, _ new: JSONValue?, hasOld: Bool, hasNew: Bool, _ shape: ApplyShape, _ level: inout Level
    ) {
        var old = old
        var new = new
        let inner: ApplyShape
        if case .object(let schema) = shape, let field = schema.field(name) {
            // Parts that every object of the type has, said or not, come and go with the object only.
            if old == nil, hasOld { old = field.valueWhenAbsent }
            if new == nil, hasNew { new = field.valueWhenAbsent }
            inner = field.applyShape
        } else {
            inner = shape.member(name).shape
        }
        level.put(.field(name), compare(old, new, inner))
    }

    // MARK: Lists

    private static func lists(_ old: [JSONValue], _ new: [JSONValue], _ shape: ApplyShape) -> FieldComparison {
        if old == new { return FieldComparison() }
        let before = sorted(old, shape)
        let after = sorted(new, shape)
        var level = Level()
        var i = 0
        var j = 0
        while i < before.count || j < after.count {
            let element: PathElement
            if i < before.count, j >= after.count || before[i].element <= after[j].element {
                element = before[i].element
            } else {
                element = after[j].element
            }
            let olds = run(before, &i, element)
            let news = run(after, &j, element)
            level.put(element, elements(olds, news, shape))
        }
        return level.comparison
    }

    private static func sorted(_ items: [JSONValue], _ shape: ApplyShape) -> [(element: PathElement, value: JSONValue)] {
        var indexed: [(element: PathElement, value: JSONValue, place: Int)] = []
        indexed.reserveCapacity(items.count)
        for (place, item) in items.enumerated() {
            if let element = try? shape.pathElement(of: item) { indexed.append((element, item, place)) }
        }
        indexed.sort { a, b in
            let order = PathElement.order(a.element, b.element)
            return order != 0 ? order < 0 : a.place < b.place
        }
        return indexed.map { ($0.element, $0.value) }
    }

    private static func run(_ items: [(element: PathElement, value: JSONValue)], _ place: inout Int, _ element: PathElement) -> ArraySlice<JSONValue>
    {
        let start = place
        while place < items.count, items[place].element == element { place += 1 }
        return items[start..<place].map(\.value)[...]
    }

    /// Elements that are there more than once are compared as one thing.
    private static func elements(_ old: ArraySlice<JSONValue>, _ new: ArraySlice<JSONValue>, _ shape: ApplyShape) -> Difference {
        switch (old.count, new.count) {
        case (0...1, 0...1):
            return compare(old.first, new.first, shape.elements)
        case (2..., 2...):
            var difference = Difference()
            if !old.elementsEqual(new) { difference.verdict = .modified }
            return difference
        case (2..., _):
            var difference = new.first.map { compare(nil, $0, shape.elements) } ?? Difference()
            difference.verdict = .removed
            return difference
        default:
            var difference = old.first.map { compare($0, nil, shape.elements) } ?? Difference()
            difference.verdict = .added
            return difference
        }
    }
}
