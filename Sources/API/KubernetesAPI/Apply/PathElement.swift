package import JSON

/// One step of a path to a field, as server-side apply names it: a member of an object, or an element of a list by what tells it apart.
package enum PathElement: Sendable {
    /// A member of an object or map.
    case field(String)
    /// The element of a list of objects whose fields have these values; sorted by name.
    case key([KeyField])
    /// The element of a set.
    case value(JSONValue)
    /// The element of an atomic list. Nothing makes these; they are only read and written back.
    case index(Int)

    package struct KeyField: Sendable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An element of a list of objects, by fields in any order.
    package static func key(_ fields: (String, JSONValue)...) -> PathElement {
        .key(fields.map { KeyField(name: $0.0, value: $0.1) }.sorted { byteOrder($0.name, $1.name) < 0 })
    }
}

// MARK: - Order

extension PathElement: Comparable {
    package static func == (a: PathElement, b: PathElement) -> Bool { order(a, b) == 0 }
    package static func < (a: PathElement, b: PathElement) -> Bool { order(a, b) < 0 }

    /// Fields first, then keys, values and indexes; negative when `a` comes before `b`.
    static func order(_ a: PathElement, _ b: PathElement) -> Int {
        switch (a, b) {
        case (.field(let x), .field(let y)): byteOrder(x, y)
        case (.key(let x), .key(let y)): order(x, y)
        case (.value(let x), .value(let y)): valueOrder(x, y)
        case (.index(let x), .index(let y)): x < y ? -1 : (x == y ? 0 : 1)
        default: a.rank - b.rank
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .key: 1
        case .value: 2
        case .index: 3
        }
    }

    private static func order(_ a: [KeyField], _ b: [KeyField]) -> Int {
        for (x, y) in zip(a, b) {
            let names = byteOrder(x.name, y.name)
            if names != 0 { return names }
            let values = valueOrder(x.value, y.value)
            if values != 0 { return values }
        }
        return a.count - b.count
    }
}

/// The order of texts by their bytes, which Swift's `<` is not where Unicode knows two spellings.
func byteOrder(_ a: String, _ b: String) -> Int {
    let fast = a.utf8.withContiguousStorageIfAvailable { x in
        b.utf8.withContiguousStorageIfAvailable { y in
            let shared = min(x.count, y.count)
            var i = 0
            while i < shared {
                if x[i] != y[i] { return x[i] < y[i] ? -1 : 1 }
                i += 1
            }
            return x.count - y.count
        }
    }
    if let order = fast ?? nil { return order }
    if a.utf8.elementsEqual(b.utf8) { return 0 }
    return a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
}

/// The order of values of keys and sets: numbers, texts, truth values, and the rest by what they look like.
func valueOrder(_ a: JSONValue, _ b: JSONValue) -> Int {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): return x < y ? -1 : (x == y ? 0 : 1)
    case (.string(let x), .string(let y)): return byteOrder(x, y)
    case (.bool(let x), .bool(let y)): return x == y ? 0 : (y ? -1 : 1)
    default: break
    }
    if let x = numeric(a), let y = numeric(b) { return x < y ? -1 : (x == y ? 0 : 1) }
    let ranks = rank(a) - rank(b)
    return ranks != 0 ? ranks : byteOrder(a.description, b.description)
}

private func numeric(_ value: JSONValue) -> Double? {
    switch value {
    case .integer(let number): Double(number)
    case .number(let number): Double(number.text)
    default: nil
    }
}

private func rank(_ value: JSONValue) -> Int {
    switch value {
    case .integer, .number: 0
    case .string: 1
    case .bool: 2
    case .array: 3
    case .object: 4
    case .null: 5
    }
}

// MARK: - Texts

extension PathElement {
    /// The key under which FieldsV1 has the element: `f:spec`, `k:{"name":"x"}`, `v:"x"`, `i:0`.
    package var fieldsV1Key: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let fields): "k:{" + fields.map { Self.json(.string($0.name)) + ":" + Self.json($0.value) }.joined(separator: ",") + "}"
        case .value(let value): "v:" + Self.json(value)
        case .index(let index): "i:\(index)"
        }
    }

    private static let special: [UInt8] = [
        UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"),
    ]

    /// JSON as Go's encoder writes it, which hides the characters that HTML would take for markup.
    private static func json(_ value: JSONValue) -> String {
        if case .string(let text) = value, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && !special.contains($0) }) { return "\"" + text + "\"" }
        if case .integer(let number) = value { return String(number) }
        let text = value.description
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "<") || $0 == UInt8(ascii: ">") || $0 == UInt8(ascii: "&") }) else { return text }
        return text.replacing("<", with: "\\u003c").replacing(">", with: "\\u003e").replacing("&", with: "\\u0026")
    }

    /// Reads a key of FieldsV1.
    /// - Returns: nil for kinds of elements that are not known, which are passed over.
    /// - Throws: when the text is no element at all.
    package static func parsing(_ text: String) throws(FieldSetError) -> PathElement? {
        let rest = text.dropFirst(2)
        guard text.utf8.count >= 2 else { throw FieldSetError("key must be 2 characters long:") }
        guard text.utf8.dropFirst().first == UInt8(ascii: ":") else { throw FieldSetError("missing colon: \(text)") }
        switch text.utf8.first {
        case UInt8(ascii: "f"):
            return .field(String(rest))
        case UInt8(ascii: "v"):
            return .value(try parsedJSON(rest))
        case UInt8(ascii: "k"):
            guard case .object(let members) = try parsedJSON(rest) else { throw FieldSetError("key is no object: \(text)") }
            return .key(members.map { KeyField(name: $0.key, value: $0.value) }.sorted { byteOrder($0.name, $1.name) < 0 })
        case UInt8(ascii: "i"):
            guard let index = Int(rest) else { throw FieldSetError("invalid index: \(text)") }
            return .index(index)
        default:
            return nil
        }
    }

    private static func parsedJSON(_ text: Substring) throws(FieldSetError) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: String(text))
        } catch {
            throw FieldSetError("\(error)")
        }
    }
}

extension PathElement: CustomStringConvertible {
    /// As messages show it: `.spec`, `[name="x"]`, `[="x"]`, `[0]`.
    package var description: String {
        switch self {
        case .field(let name): "." + name
        case .key(let fields): "[" + fields.map { "\($0.name)=\(Self.shown($0.value))" }.joined(separator: ",") + "]"
        case .value(let value): "[=\(Self.shown(value))]"
        case .index(let index): "[\(index)]"
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text.goQuoted }
        return value.description
    }
}

/// Why a text or document is no set of fields.
package struct FieldSetError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
