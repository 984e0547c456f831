import JSON

/// A cursor on a field of an object under validation: its value (nil when absent or null), where it is, and where mistakes are noted.
///
/// Validation code reads like a description of the object: `container["name"].required().dnsLabel()`. Every check looks only at values of the
/// type that it is about (the schema has already refused wrong types), and checks other than `required` accept an absent value.
struct Field {
    let value: JSONValue?
    let path: FieldPath
    let errors: FieldErrors

    init(_ value: JSONValue?, at path: FieldPath = .root, errors: FieldErrors) {
        if case .null? = value { self.value = nil } else { self.value = value }
        self.path = path
        self.errors = errors
    }

    subscript(_ name: String) -> Field {
        Field(value?[name], at: errors.tracksPaths ? .member(path, name) : .root, errors: errors)
    }

    /// The same object with another value; for comparing an old object's field in the place of the new one.
    func with(_ other: JSONValue?) -> Field { Field(other, at: path, errors: errors) }

    // MARK: Reading

    var exists: Bool { value != nil }
    var string: String { value?.stringValue ?? "" }
    var int: Int64 { value?.integerValue ?? 0 }
    var bool: Bool { value?.boolValue ?? false }
    /// True when absent, or the zero value of its type.
    var isEmpty: Bool { value?.isZero ?? true }
    var count: Int { value?.arrayValue?.count ?? value?.objectValue?.count ?? 0 }
    var keys: [String] { value?.objectValue.map { $0.map(\.key) } ?? [] }

    /// The elements of a list, in order.
    func each(_ body: (Field) -> Void) {
        guard let elements = value?.arrayValue else { return }
        for (index, element) in elements.enumerated() {
            body(Field(element, at: errors.tracksPaths ? .element(path, index) : .root, errors: errors))
        }
    }

    /// The entries of a map.
    func entries(_ body: (_ key: String, Field) -> Void) {
        guard let object = value?.objectValue else { return }
        for (key, value) in object { body(key, Field(value, at: errors.tracksPaths ? .entry(path, key) : .root, errors: errors)) }
    }

    /// Runs checks on a part that is only checked when it is there.
    func ifPresent(_ body: (Field) -> Void) {
        if exists { body(self) }
    }

    // MARK: Noting

    func add(_ kind: FieldError.Kind, _ detail: String = "") { errors.add(FieldError(kind, path, value: value, detail)) }
    func invalid(_ detail: String) { add(.invalid, detail) }
    func forbidden(_ detail: String) { add(.forbidden, detail) }
    func invalid(_ shown: JSONValue, _ detail: String) { errors.add(FieldError(.invalid, path, value: shown, detail)) }
    func duplicate(_ shown: JSONValue) { errors.add(FieldError(.duplicate, path, value: shown)) }
    func notFound(_ shown: JSONValue) { errors.add(FieldError(.notFound, path, value: shown)) }

    // MARK: Checks

    /// Absent and empty (`""`, `[]`, `{}`) are mistakes.
    @discardableResult
    func required(_ detail: String = "") -> Field {
        if value?.isEmptyValue ?? true { errors.add(FieldError(.required, path, value: nil, detail)) }
        return self
    }

    @discardableResult
    func check(_ condition: Bool, _ detail: @autoclosure () -> String) -> Field {
        if !condition { invalid(detail()) }
        return self
    }

    @discardableResult
    func oneOf(_ allowed: [String]) -> Field {
        guard exists, !allowed.contains(string) else { return self }
        let listed = allowed.map { "\"\($0)\"" }.joined(separator: ", ")
        add(.notSupported, "supported values: " + listed)
        return self
    }

    /// As `oneOf`, and an absent or empty value is missing.
    @discardableResult
    func requiredOneOf(_ allowed: [String], _ detail: String = "") -> Field {
        string.isEmpty ? required(detail) : oneOf(allowed)
    }

    @discardableResult
    func nonNegative() -> Field {
        if int < 0 { invalid("must be greater than or equal to 0") }
        return self
    }

    @discardableResult
    func positive() -> Field {
        if exists, int <= 0 { invalid("must be greater than 0") }
        return self
    }

    @discardableResult
    func inRange(_ range: ClosedRange<Int64>) -> Field {
        if exists, !range.contains(int) { invalid("must be between \(range.lowerBound) and \(range.upperBound), inclusive") }
        return self
    }

    @discardableResult
    func maxLength(_ limit: Int) -> Field {
        if string.utf8.count > limit { add(.tooLong, "may not be more than \(limit) bytes") }
        return self
    }

    @discardableResult
    func maxItems(_ limit: Int) -> Field {
        if count > limit {
            errors.add(FieldError(.tooMany, path, value: .integer(Int64(count)), "must have at most \(limit) items"))
        }
        return self
    }

    /// The field may not differ from what it was; `old` is the value in the stored object.
    @discardableResult
    func immutable(since old: JSONValue?, _ detail: String = "field is immutable") -> Field {
        if (value ?? .null) != (old ?? .null) { invalid(detail) }
        return self
    }

    /// Checks with one of the name rules; every complaint becomes its own mistake.
    @discardableResult
    func matches(_ rule: (String) -> [String]) -> Field {
        guard exists else { return self }
        for complaint in rule(string) { invalid(complaint) }
        return self
    }
}

extension JSONValue {
    /// Null, `false`, `0`, `""`, `[]` and `{}`: what an absent field of a typed object would be.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .integer(let value): value == 0
        case .number: false
        case .string(let value): value.isEmpty
        case .array(let value): value.isEmpty
        case .object(let value): value.isEmpty
        }
    }

    /// Null, `""`, `[]` and `{}`, but not `false` or `0`.
    var isEmptyValue: Bool {
        switch self {
        case .bool, .integer, .number: false
        default: isZero
        }
    }
}
