import JSON

extension StrategicMergePatch {
    /// Lists for which the patch gives an order: they are merged, and then put in that order.
    static func mergeOrderedLists(_ patch: inout JSONObject, _ original: inout JSONObject, _ position: PatchPosition) throws(PatchError) {
        for (key, directive) in patch {
            guard let list = try Directive.list(key, Directive.setElementOrder) else { continue }
            patch.removeValue(forKey: key)
            let order = try array(directive)
            let old = try original[list].map { (value) throws(PatchError) in try array(value) }
            let new = try patch[list].map { (value) throws(PatchError) in try array(value) }
            let mergeKey = position.member(list).1?.patchMergeKey
            try checkOrder(of: new ?? [], order, mergeKey)

            let merged: [JSONValue]
            switch (old, new) {
            case (nil, nil): continue
            case (let old?, nil): merged = old
            case (nil, let new?): merged = new.compactMap { cleaned($0) }
            case (let old?, let new?): merged = try mergeList(new, into: old, list, position, isDeletion: false)
            }
            if let some = merged.first { try checkElementTypes(merged, like: some) }
            let (mentioned, others) = try partition(merged, by: order, mergeKey)
            original[list] = .array(try ordered(mentioned, others, by: order, serverOrder: old ?? [], mergeKey))
            patch.removeValue(forKey: list)
        }
    }

    /// A list of the object with a list of the patch.
    static func mergeList(
        _ patch: [JSONValue], into original: [JSONValue], _ name: String, _ position: PatchPosition, isDeletion: Bool
    ) throws(PatchError) -> [JSONValue] {
        let (elementPosition, field) = position.member(name)
        guard isDeletion || field?.patchStrategy.contains(.merge) ?? false else { return patch.compactMap { cleaned($0) } }
        guard let some = original.first ?? patch.first else { return original }
        try checkElementTypes(original, like: some)
        try checkElementTypes(patch, like: some)

        guard case .object = some else {
            if isDeletion { return original.filter { !patch.contains($0) } }
            var merged: [JSONValue] = []
            for element in original + patch where !merged.contains(element) { merged.append(element) }
            let (mentioned, others) = try partition(merged, by: patch, nil)
            return try ordered(mentioned, others, by: patch, serverOrder: original, nil)
        }
        guard let mergeKey = field?.patchMergeKey, !mergeKey.isEmpty else {
            throw PatchError(.inconsistent, "cannot merge lists without merge key for \(elementPosition.name)")
        }
        let (base, changes) = try applySpecialElements(patch, to: original, mergeKey)
        var merged = base
        for change in changes {
            let identity = try value(of: mergeKey, in: change)
            let change = try object(change)
            if let index = try index(of: identity, mergeKey, in: merged) {
                let old = try object(merged[index])
                merged[index] = .null
                merged[index] = .object(try merge(change, into: old, elementPosition))
            } else {
                merged.append(.object(cleaned(change)))
            }
        }
        let (mentioned, others) = try partition(merged, by: changes, mergeKey)
        return try ordered(mentioned, others, by: changes, serverOrder: base, mergeKey)
    }

    /// Carries out elements such as `{"$patch": "delete", "name": "x"}`, and gives what is left of both lists.
    private static func applySpecialElements(
        _ patch: [JSONValue], to original: [JSONValue], _ mergeKey: String
    ) throws(PatchError) -> (base: [JSONValue], changes: [JSONValue]) {
        var base = original
        var changes: [JSONValue] = []
        var replaces = false
        for element in patch {
            let members = try object(element)
            guard let directive = members[Directive.marker] else {
                changes.append(element)
                continue
            }
            switch directive {
            case "delete":
                let identity = try value(of: mergeKey, in: element)
                while let index = try index(of: identity, mergeKey, in: base) { base.remove(at: index) }
            case "replace":
                replaces = true
            case "merge":
                throw PatchError(.inconsistent, "merging lists cannot yet be specified in the patch")
            default:
                throw unknownDirective(directive, members)
            }
        }
        return replaces ? (changes.compactMap { cleaned($0) }, []) : (base, changes)
    }

    private static func index(of identity: JSONValue, _ mergeKey: String, in list: [JSONValue]) throws(PatchError) -> Int? {
        for (i, element) in list.enumerated() {
            guard case .object(let members) = element else { throw PatchError(.inconsistent, "value for key \(i) is not a map") }
            if members[mergeKey] == identity { return i }
        }
        return nil
    }

    // MARK: Order

    /// The elements that the patch mentions come in the patch's order; the others keep their places between them as well as both allow.
    private static func ordered(
        _ mentioned: [JSONValue], _ others: [JSONValue], by patchOrder: [JSONValue], serverOrder: [JSONValue], _ mergeKey: String?
    ) throws(PatchError) -> [JSONValue] {
        let server = Ranks(serverOrder, mergeKey)
        let left = try sorted(others, by: serverOrder, server, mergeKey)
        let right = try sorted(mentioned, by: patchOrder, Ranks(patchOrder, mergeKey), mergeKey)
        var result: [JSONValue] = []
        result.reserveCapacity(left.count + right.count)
        var i = 0
        var j = 0
        while i < left.count || j < right.count {
            let takesLeft: Bool
            if i == left.count {
                takesLeft = false
            } else if j == right.count {
                takesLeft = true
            } else if let a = server[left[i]], let b = server[right[j]] {
                takesLeft = a < b
            } else {
                takesLeft = false
            }
            if takesLeft {
                result.append(left[i])
                i += 1
            } else {
                result.append(right[j])
                j += 1
            }
        }
        return result
    }

    /// Stable. As upstream, elements that the order does not mention move to the front.
    private static func sorted(_ elements: [JSONValue], by order: [JSONValue], _ ranks: Ranks, _ mergeKey: String?) throws(PatchError) -> [JSONValue]
    {
        if let mergeKey { for element in elements + order { _ = try value(of: mergeKey, in: element) } }
        var unranked: [JSONValue] = []
        var ranked: [(rank: Int, element: JSONValue)] = []
        for element in elements {
            if let rank = ranks[element] { ranked.append((rank, element)) } else { unranked.append(element) }
        }
        // Each unranked element is moved past all before it, so the last comes first.
        return unranked.reversed() + ranked.sorted { $0.rank < $1.rank }.map(\.element)
    }

    /// Where elements stand in a list, found by merge key or, of scalars, by value.
    private struct Ranks {
        private var byText: [String: Int] = [:]
        private let mergeKey: String?

        init(_ list: [JSONValue], _ mergeKey: String?) {
            self.mergeKey = mergeKey
            for (i, element) in list.enumerated() {
                if let text = text(of: element), byText[text] == nil { byText[text] = i }
            }
        }

        /// JSON text tells a string from a number.
        private func text(of element: JSONValue) -> String? {
            (mergeKey.map { element[$0] } ?? element)?.description
        }

        subscript(_ element: JSONValue) -> Int? {
            text(of: element).flatMap { byText[$0] }
        }
    }

    private static func partition(
        _ elements: [JSONValue], by list: [JSONValue], _ mergeKey: String?
    ) throws(PatchError) -> (mentioned: [JSONValue], others: [JSONValue]) {
        let ranks = Ranks(list, mergeKey)
        var mentioned: [JSONValue] = []
        var others: [JSONValue] = []
        for element in elements {
            if let mergeKey { _ = try value(of: mergeKey, in: element) }
            if ranks[element] != nil { mentioned.append(element) } else { others.append(element) }
        }
        return (mentioned, others)
    }

    /// The patch's elements must come in the order that the patch itself gives.
    private static func checkOrder(of patch: [JSONValue], _ order: [JSONValue], _ mergeKey: String?) throws(PatchError) {
        guard !patch.isEmpty, !order.isEmpty else { return }
        var place = 0
        for element in patch where element[Directive.marker] == nil {
            func identity(_ element: JSONValue) throws(PatchError) -> JSONValue {
                if let mergeKey { try value(of: mergeKey, in: element) } else { element }
            }
            let wanted = try identity(element)
            while place < order.count, try identity(order[place]) != wanted { place += 1 }
            guard place < order.count else {
                throw PatchError(
                    .inconsistent,
                    "The order in patch list:\n\(JSONValue.array(patch).goDescription)\n doesn't match \(Directive.setElementOrder) list:\n\(JSONValue.array(order).goDescription)\n"
                )
            }
            place += 1
        }
    }

    // MARK: Types

    private static func array(_ value: JSONValue) throws(PatchError) -> [JSONValue] {
        guard case .array(let array) = value else { throw mismatch("[]interface {}", value) }
        return array
    }

    private static func object(_ value: JSONValue) throws(PatchError) -> JSONObject {
        guard case .object(let object) = value else { throw mismatch("map[string]interface {}", value) }
        return object
    }

    private static func mismatch(_ expected: String, _ value: JSONValue) -> PatchError {
        PatchError(.inconsistent, "expected a \(expected), but received a \(value.goTypeName)")
    }

    private static func value(of mergeKey: String, in element: JSONValue) throws(PatchError) -> JSONValue {
        let members = try object(element)
        guard let value = members[mergeKey] else {
            throw PatchError(.inconsistent, "map: \(members.goDescription) does not contain declared merge key: \(mergeKey)")
        }
        return value
    }

    /// All elements must be of one type, and not lists.
    private static func checkElementTypes(_ elements: [JSONValue], like some: JSONValue) throws(PatchError) {
        if case .array = some { throw PatchError(.notApplicable, "lists of lists are not supported") }
        for element in elements {
            switch (element, some) {
            case (.object, .object), (.string, .string), (.bool, .bool), (.null, .null), (.integer, .integer), (.number, .number),
                (.integer, .number), (.number, .integer):
                continue
            default:
                throw PatchError(.inconsistent, "list element types are not identical: \(JSONValue.array(elements).goDescription)")
            }
        }
    }
}
