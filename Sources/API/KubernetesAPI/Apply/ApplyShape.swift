import JSON

/// How apply sees a value: as one thing with one owner, or as parts that have owners of their own.
enum ApplyShape: Sendable {
    case scalar
    case atomicList
    /// A map or object with one owner.
    case atomicObject
    /// A list of scalars, each at most once.
    case set(Schema.ValueType)
    /// A list of objects told apart by some of their fields.
    case listMap(keys: [String], Schema)
    case map(Schema.ValueType)
    case object(Schema)
    /// Nothing is known: objects have parts, lists have one owner.
    case untyped
}

extension Schema.Field {
    var applyShape: ApplyShape { type.applyShape(listType: listType, isAtomic: isAtomic) }
}

extension Schema.ValueType {
    /// Of elements of lists and maps, about which nothing further is said.
    var applyShape: ApplyShape { applyShape(listType: .atomic, isAtomic: false) }

    fileprivate func applyShape(listType: Schema.ListType, isAtomic: Bool) -> ApplyShape {
        switch self {
        case .object(let reference):
            guard let schema = reference.schema else { return .untyped }
            return isAtomic || schema.isAtomic ? .atomicObject : .object(schema)
        case .map(let element):
            return isAtomic ? .atomicObject : .map(element)
        case .array(let element):
            switch listType {
            case .atomic: return .atomicList
            case .set: return .set(element)
            case .map(let keys):
                guard let schema = element.elementSchema else { return .atomicList }
                return .listMap(keys: keys, schema)
            }
        default:
            return .scalar
        }
    }
}

extension ApplyShape {
    /// The shape for a value of this place; what is untyped is told by the value.
    func of(_ value: JSONValue?) -> ApplyShape {
        guard case .untyped = self, let value else { return self }
        return switch value {
        case .array: .atomicList
        case .object: .untyped
        default: .scalar
        }
    }

    /// Whether the elements of a list have owners of their own.
    var isAssociative: Bool {
        switch self {
        case .set, .listMap: true
        default: false
        }
    }

    /// The shape of the elements of an associative list.
    var elements: ApplyShape {
        switch self {
        case .set(let element): element.applyShape
        case .listMap(_, let schema): schema.isAtomic ? .atomicObject : .object(schema)
        default: .untyped
        }
    }

    /// The shape of a member of an object or map, and whether the type declares it.
    func member(_ name: String) -> (shape: ApplyShape, isDeclared: Bool) {
        switch self {
        case .object(let schema):
            guard let field = schema.field(name) else { return (.untyped, false) }
            return (field.applyShape, true)
        case .map(let element): return (element.applyShape, false)
        default: return (.untyped, false)
        }
    }

    /// What tells an element of an associative list apart.
    func pathElement(of item: JSONValue) throws(FieldSetError) -> PathElement {
        switch self {
        case .listMap(let keys, let schema):
            guard case .object(let members) = item else {
                throw FieldSetError(
                    item.isNull
                        ? "associative list with keys may not have a null element" : "associative list with keys may not have non-map elements")
            }
            var fields: [PathElement.KeyField] = []
            fields.reserveCapacity(keys.count)
            for key in keys {
                // An absent key without a default is a key of its own.
                if let value = members[key] ?? schema.field(key)?.defaultValue { fields.append(PathElement.KeyField(name: key, value: value)) }
            }
            if fields.isEmpty {
                throw FieldSetError(
                    "associative list with keys has an element that omits all key fields [\(keys.map(\.goQuoted).joined(separator: " "))] (and doesn't have default values for any key fields)"
                )
            }
            if fields.count > 1 { fields.sort { byteOrder($0.name, $1.name) < 0 } }
            return .key(fields)
        default:
            switch item {
            case .object: throw FieldSetError("associative list without keys has an element that's a map type")
            case .array: throw FieldSetError("not supported: associative list with lists as elements")
            case .null: throw FieldSetError("associative list without keys has an element that's an explicit null")
            default: return .value(item)
            }
        }
    }
}

extension JSONValue {
    /// Null, or a list or object without anything in it.
    var isVoid: Bool {
        switch self {
        case .null: true
        case .array(let elements): elements.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}

extension Schema.Field {
    /// What an object of the type has at the field when it says nothing: an empty part that it holds by value, or a list or map that is always
    /// written. nil when the field is then really absent.
    var valueWhenAbsent: JSONValue? {
        switch type {
        case .object: isEmbedded ? .some(.object([:])) : .none
        case .array, .map: isRequired ? .some(.null) : .none
        default: .none
        }
    }
}
