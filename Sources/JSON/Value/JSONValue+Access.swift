extension JSONValue {
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    package var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var integerValue: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    package var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    package var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// Any number as the nearest double.
    package var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value.doubleValue
        default: nil
        }
    }

    /// A member of an object. Getting is nil when this is not an object or has no such member.
    /// Setting nil removes the member; setting on `.null` makes an object; setting on anything else that is not an object does nothing.
    /// Changing in place (`value["a"]?["b"] = 1`) does not copy the tree.
    package subscript(_ key: String) -> JSONValue? {
        get {
            if case .object(let object) = self { object[key] } else { nil }
        }
        _modify {
            switch self {
            case .object(var object):
                self = .null
                defer { self = .object(object) }
                yield &object[key]
            case .null:
                var member: JSONValue?
                defer {
                    if let member { self = .object([key: member]) }
                }
                yield &member
            default:
                var member: JSONValue?
                yield &member
            }
        }
        set {
            switch self {
            case .object(var object):
                self = .null
                object[key] = newValue
                self = .object(object)
            case .null:
                if let newValue { self = .object([key: newValue]) }
            default:
                break
            }
        }
    }

    /// Changes a member where it stands if this is an object that has it and it is not null.
    package mutating func edit(_ key: String, _ body: (inout JSONValue) -> Void) {
        guard case .object(var object) = self else { return }
        self = .null
        object.edit(key, body)
        self = .object(object)
    }

    /// Whether there is no such member, or it is null.
    package func lacks(_ key: String) -> Bool {
        guard case .object(let object) = self, let position = object.position(of: key) else { return true }
        if case .null = object.entries[position].value { return true }
        return false
    }

    /// The text of a member; nil when there is none.
    package func string(_ key: String) -> String? {
        guard case .object(let object) = self, let position = object.position(of: key), case .string(let text) = object.entries[position].value
        else { return nil }
        return text
    }

    /// An element of an array. Getting is nil when this is not an array or the index is out of range.
    /// Setting nil removes the element; setting at the array's count appends; setting anywhere else out of range does nothing.
    package subscript(_ index: Int) -> JSONValue? {
        get {
            guard case .array(let array) = self, array.indices.contains(index) else { return nil }
            return array[index]
        }
        _modify {
            guard case .array(var array) = self, index >= 0, index <= array.count else {
                var nothing: JSONValue?
                yield &nothing
                return
            }
            self = .null
            var element: JSONValue?
            if index < array.count {
                element = array[index]
                array[index] = .null
            }
            defer {
                if let element {
                    if index < array.count { array[index] = element } else { array.append(element) }
                } else if index < array.count {
                    array.remove(at: index)
                }
                self = .array(array)
            }
            yield &element
        }
    }
}

extension JSONValue {
    package init(_ value: Bool) { self = .bool(value) }
    package init(_ value: Int) { self = .integer(Int64(value)) }
    package init(_ value: Int32) { self = .integer(Int64(value)) }
    package init(_ value: Int64) { self = .integer(value) }
    package init(_ value: String) { self = .string(value) }
    package init(_ values: [String]) { self = .array(values.map { .string($0) }) }
    /// Members in the order of their keys.
    package init(_ values: [String: String]) {
        self = .object(JSONObject(uniqueEntries: values.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) }))
    }
    /// A whole number becomes an integer when it fits; infinities and NaN, which JSON cannot say, become null.
    package init(_ value: Double) {
        if let whole = Int64(exactly: value) {
            self = .integer(whole)
        } else if let number = JSONNumber(value) {
            self = .number(number)
        } else {
            self = .null
        }
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    /// Always a `.number`: `1.0` is not the integer 1.
    package init(floatLiteral value: Double) {
        self = JSONNumber(value).map { .number($0) } ?? .null
    }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}
