package import JSON

extension JSONValue {
    /// The object without these fields. What has lost all its parts is null.
    package func removing(_ fields: FieldSet, schema: Schema) -> JSONValue { Self.removing(fields, self, .object(schema)) }

    /// The object with nothing but these fields.
    package func extracting(_ fields: FieldSet, schema: Schema) -> JSONValue { Self.extracting(fields, self, .object(schema)) }

    private static func removing(_ fields: FieldSet, _ value: JSONValue, _ shape: ApplyShape) -> JSONValue {
        let shape = shape.of(value)
        switch shape {
        case .scalar:
            return value
        case .atomicList, .atomicObject:
            return .null
        case .set, .listMap:
            guard case .array(let items) = value else { return .null }
            let kept = items.compactMap { item -> JSONValue? in
                guard let element = try? shape.pathElement(of: item), let node = fields.node(element) else { return item }
                if node.isMember { return nil }
                return removing(node.children, item, shape.elements)
            }
            return kept.isEmpty ? .null : .array(kept)
        case .map, .object, .untyped:
            guard case .object(let members) = value else { return .null }
            var kept: [JSONObject.Element] = []
            kept.reserveCapacity(members.count)
            for (name, member) in members {
                guard let node = fields.node(.field(name)) else {
                    kept.append((name, member))
                    continue
                }
                if node.isMember { continue }
                kept.append((name, removing(node.children, member, shape.member(name).shape)))
            }
            return kept.isEmpty ? .null : .object(JSONObject(uniqueEntries: kept))
        }
    }

    private static func extracting(_ fields: FieldSet, _ value: JSONValue, _ shape: ApplyShape) -> JSONValue {
        let shape = shape.of(value)
        if value.isVoid { return value }
        switch shape {
        case .scalar, .atomicList, .atomicObject:
            return value
        case .set, .listMap:
            guard case .array(let items) = value else { return .null }
            let kept = items.compactMap { item -> JSONValue? in
                guard let element = try? shape.pathElement(of: item), let node = fields.node(element) else { return nil }
                return node.children.isEmpty ? item : extracting(node.children, item, shape.elements)
            }
            return kept.isEmpty ? .null : .array(kept)
        case .map, .object, .untyped:
            guard case .object(let members) = value else { return .null }
            var kept: [JSONObject.Element] = []
            for (name, member) in members {
                guard let node = fields.node(.field(name)) else { continue }
                kept.append((name, extracting(node.children, member, shape.member(name).shape)))
            }
            return kept.isEmpty ? .null : .object(JSONObject(uniqueEntries: kept))
        }
    }
}
