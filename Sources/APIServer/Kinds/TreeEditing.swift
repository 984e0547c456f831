import JSON

// Small verbs for code that fills in or rewrites parts of an object. A part is taken out while it is edited, so that nothing is copied.
extension JSONValue {
    /// Sets a member that is absent or null.
    mutating func setDefault(_ key: String, _ value: @autoclosure () -> JSONValue) {
        if lacks(key) { self[key] = value() }
    }

    /// Sets a string member that is absent, null or empty.
    mutating func setDefaultString(_ key: String, _ value: @autoclosure () -> String) {
        if string(key)?.isEmpty ?? true { self[key] = .string(value()) }
    }

    /// Edits a member, which becomes an empty object first if it is absent.
    mutating func editOrMake(_ key: String, _ body: (inout JSONValue) -> Void) {
        if lacks(key) { self[key] = .object([:]) }
        edit(key, body)
    }

    /// Edits every element of a list member.
    mutating func editEach(_ key: String, _ body: (inout JSONValue) -> Void) {
        edit(key) { list in
            guard case .array(var elements) = list else { return }
            list = .null
            for index in elements.indices { body(&elements[index]) }
            list = .array(elements)
        }
    }

    /// Replaces a member by another object's, removing it where the other has none.
    mutating func take(_ key: String, from other: JSONValue) { self[key] = other[key] }

    /// The value at the end of a chain of members.
    func at(_ keys: String...) -> JSONValue? {
        var value: JSONValue? = self
        for key in keys {
            value = value?[key]
            if value == nil { return nil }
        }
        return value
    }

    // Of one and two steps, which is nearly all that is asked, without an array of the steps.

    func at(_ key: String) -> JSONValue? { self[key] }
    func at(_ first: String, _ second: String) -> JSONValue? { self[first]?[second] }

    func text(_ key: String) -> String { string(key) ?? "" }
    func text(_ first: String, _ second: String) -> String { self[first]?.string(second) ?? "" }

    func text(_ keys: String...) -> String {
        var value: JSONValue? = self
        for key in keys { value = value?[key] }
        return value?.stringValue ?? ""
    }

    func number(_ key: String) -> Int64 { self[key]?.integerValue ?? 0 }

    func number(_ keys: String...) -> Int64 {
        var value: JSONValue? = self
        for key in keys { value = value?[key] }
        return value?.integerValue ?? 0
    }

    func list(_ key: String) -> [JSONValue] { self[key]?.arrayValue ?? [] }
    func list(_ first: String, _ second: String) -> [JSONValue] { self[first]?[second]?.arrayValue ?? [] }

    func list(_ keys: String...) -> [JSONValue] {
        var value: JSONValue? = self
        for key in keys { value = value?[key] }
        return value?.arrayValue ?? []
    }
}
