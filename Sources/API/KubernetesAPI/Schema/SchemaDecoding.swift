package import JSON

/// Why a document is no object of its type.
package struct SchemaError: Error, Equatable, CustomStringConvertible {
    /// As `spec.containers[0].image`; empty at the root.
    package var path: String
    /// The words that clients know from upstream's decoder.
    package var description: String
}

/// A document in the form that its type gives it.
package struct DecodedObject: Sendable {
    package var tree: JSONValue
    /// The paths of members that the type does not know, as `spec.containers[0].foo`, in the order of the document, at most a hundred.
    package var unknownFields: [String]
}

extension Schema {
    /// Reads a document as an object of this type and writes it in canonical form, as upstream's built-in types do:
    /// - members that are no fields are dropped and reported, unless the type keeps them;
    /// - `null` is absence; in lists and maps it is the zero of its type;
    /// - quantities, times and base64 texts are written in their canonical form;
    /// - empty lists and maps of fields that are not required are dropped, where the type does so.
    ///
    /// Nothing is defaulted and no value is judged beyond its type.
    package func decode(_ tree: JSONValue) throws(SchemaError) -> DecodedObject {
        guard case .object(let object) = tree else {
            throw SchemaError(
                path: "", description: "json: cannot unmarshal \(tree.kindForMessages) into Go value of type \(goName)")
        }
        // What well-behaved clients send, and what was read from here before.
        if SchemaCheck.isCanonical(object, self) { return DecodedObject(tree: tree, unknownFields: []) }
        var decoder = SchemaDecoder()
        let decoded = try decoder.object(object, self)
        return DecodedObject(tree: .object(decoded), unknownFields: decoder.unknownFields)
    }

    /// `v1.PodSpec`
    fileprivate var goName: String { Schema.goName(name) }

    fileprivate static func goName(_ name: String) -> String {
        name.split(separator: ".").suffix(2).joined(separator: ".")
    }
}

/// Walks a document along its schema.
private struct SchemaDecoder {
    private enum Step {
        case field(String, of: Schema)
        case index(Int)
        case key(String)
    }

    private(set) var unknownFields: [String] = []
    private var path: [Step] = []

    mutating func object(_ object: JSONObject, _ schema: Schema) throws(SchemaError) -> JSONObject {
        var entries: [JSONObject.Member] = []
        entries.reserveCapacity(object.count)
        for (name, value) in object {
            guard let field = schema.field(name) else {
                if schema.preservesUnknownFields { entries.append(JSONObject.Member(name, value)) } else { reportUnknown(name, schema) }
                continue
            }
            if value.isNull && !field.type.isAny { continue }
            path.append(.field(name, of: schema))
            let decoded = try self.value(value, field.type)
            path.removeLast()
            if schema.dropsEmptyCollections && !field.isRequired && field.type.isCollection && decoded.isEmptyCollection { continue }
            entries.append(JSONObject.Member(name, decoded))
        }
        return JSONObject(uniqueMembers: entries)
    }

    private mutating func value(_ value: JSONValue, _ type: Schema.ValueType) throws(SchemaError) -> JSONValue {
        switch (type, value) {
        case (.any, _): return value
        case (.string, .string), (.bool, .bool), (.int64, .integer): return value
        case (.double, .integer), (.double, .number): return value
        case (.int32, .integer(let number)):
            guard Int32(exactly: number) != nil else { throw mismatch("number \(number)", type) }
            return value
        case (.int32, .number(let number)), (.int64, .number(let number)): throw mismatch("number \(number)", type)
        case (.object(let reference), .object(let members)):
            guard let schema = reference.schema else { return value }
            return .object(try object(members, schema))
        case (.array(let element), .array(let values)): return .array(try elements(values, element))
        case (.map(let member), .object(let members)): return .object(try self.members(members, member))
        case (.bytes, .string(let text)): return .string(try base64(text))
        case (.intOrString, .string): return value
        case (.intOrString, .integer(let number)) where Int32(exactly: number) != nil: return value
        case (.intOrString, _): throw plainMismatch(value, "int32")
        case (.quantity, _): return try quantity(value)
        case (.time, .string(let text)):
            guard let time = Time(text) else { throw badTime(text) }
            return .string(time.description)
        case (.microTime, .string(let text)):
            guard let time = MicroTime(text) else { throw badTime(text) }
            return .string(time.description)
        case (.time, _), (.microTime, _): throw plainMismatch(value, "string")
        default: throw mismatch(value.kindForMessages, type)
        }
    }

    private mutating func elements(_ values: [JSONValue], _ type: Schema.ValueType) throws(SchemaError) -> [JSONValue] {
        var decoded: [JSONValue] = []
        decoded.reserveCapacity(values.count)
        for (index, value) in values.enumerated() {
            path.append(.index(index))
            decoded.append(value.isNull ? type.zero : try self.value(value, type))
            path.removeLast()
        }
        return decoded
    }

    private mutating func members(_ members: JSONObject, _ type: Schema.ValueType) throws(SchemaError) -> JSONObject {
        // Maps of strings, the labels and annotations of every object, need no rewriting.
        if case .string = type, members.allSatisfy({ $0.value.stringValue != nil }) { return members }
        var decoded: [JSONObject.Member] = []
        decoded.reserveCapacity(members.count)
        for (key, value) in members {
            path.append(.key(key))
            decoded.append(JSONObject.Member(key, value.isNull ? type.zero : try self.value(value, type)))
            path.removeLast()
        }
        return JSONObject(uniqueMembers: decoded)
    }

    private func base64(_ text: String) throws(SchemaError) -> String {
        guard let bytes = Base64.decode(text) else { throw error("illegal base64 data") }
        return text.utf8.contains { $0 == 0x0A || $0 == 0x0D } ? Base64.encode(bytes) : text
    }

    private func quantity(_ value: JSONValue) throws(SchemaError) -> JSONValue {
        let text =
            switch value {
            case .string(let text): text
            case .integer(let number): String(number)
            case .number(let number): number.text
            default: "?"
            }
        do throws(QuantityError) {
            return .string(try Quantity(parsing: text).description)
        } catch {
            throw self.error(error.description)
        }
    }

    // MARK: Reports

    private mutating func reportUnknown(_ name: String, _ schema: Schema) {
        guard unknownFields.count < JSONIssue.maximumCount else { return }
        path.append(.field(name, of: schema))
        unknownFields.append(pathText)
        path.removeLast()
    }

    private func mismatch(_ found: String, _ type: Schema.ValueType) -> SchemaError {
        let owner = path.reversed().lazy.compactMap { if case .field(_, let schema) = $0 { schema.name.split(separator: ".").last } else { nil } }
            .first
        let fields = path.compactMap { if case .field(let name, _) = $0 { name } else { nil } }.joined(separator: ".")
        return error("json: cannot unmarshal \(found) into Go struct field \(owner ?? "").\(fields) of type \(type.goName)")
    }

    /// Of types that read themselves and do not know where they stand.
    private func plainMismatch(_ value: JSONValue, _ type: String) -> SchemaError {
        let found = if case .number(let number) = value { "number \(number)" } else { value.kindForMessages }
        return error("json: cannot unmarshal \(found) into Go value of type \(type)")
    }

    private func badTime(_ text: String) -> SchemaError {
        error("parsing time \"\(text)\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\(text)\" as \"2006\"")
    }

    private func error(_ description: String) -> SchemaError { SchemaError(path: pathText, description: description) }

    private var pathText: String {
        var text = ""
        for step in path {
            switch step {
            case .field(let name, _), .key(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

/// Looks whether decoding would leave a document as it is: then nothing has to be built. May say no to a document that would be left as it is.
private enum SchemaCheck {
    static func isCanonical(_ object: JSONObject, _ schema: Schema) -> Bool {
        object.allMembers { name, value in
            guard let position = schema.position(of: name) else { return schema.preservesUnknownFields }
            if schema.dropsEmptyCollections, value.isEmptyCollection, schema.fields[position].type.isCollection, !schema.fields[position].isRequired {
                return false
            }
            return isCanonical(value, schema.fields[position].type)
        }
    }

    private static func isCanonical(_ value: JSONValue, _ type: Schema.ValueType) -> Bool {
        switch (type, value) {
        case (.any, _), (.string, .string), (.bool, .bool), (.int64, .integer), (.double, .integer), (.double, .number), (.intOrString, .string):
            return true
        case (.int32, .integer(let number)), (.intOrString, .integer(let number)): return Int32(exactly: number) != nil
        case (.object(let reference), .object(let members)):
            guard let schema = reference.schema else { return true }
            return isCanonical(members, schema)
        case (.array(let element), .array(let values)): return values.allSatisfy { isCanonical($0, element) }
        case (.map(let member), .object(let members)): return members.allMembers { _, value in isCanonical(value, member) }
        case (.bytes, .string(let text)): return !text.utf8.contains { $0 == 0x0A || $0 == 0x0D } && Base64.decode(text) != nil
        case (.quantity, .string(let text)): return (try? Quantity(parsing: text))?.description == text
        case (.time, .string(let text)): return Time(text)?.description == text
        case (.microTime, .string(let text)): return MicroTime(text)?.description == text
        default: return false
        }
    }
}

extension Schema.ValueType {
    fileprivate var isAny: Bool { if case .any = self { true } else { false } }

    fileprivate var isCollection: Bool {
        switch self {
        case .array, .map: true
        default: false
        }
    }

    /// What `null` stands for among the elements of a list or map.
    fileprivate var zero: JSONValue {
        switch self {
        case .string, .bytes: ""
        case .int32, .int64, .double, .intOrString: 0
        case .bool: false
        case .quantity: "0"
        case .object, .map: .object([:])
        case .array: []
        case .time, .microTime, .any: .null
        }
    }

    /// What Go calls the type.
    fileprivate var goName: String {
        switch self {
        case .string: "string"
        case .int32: "int32"
        case .int64: "int64"
        case .double: "float64"
        case .bool: "bool"
        case .bytes: "[]uint8"
        case .intOrString: "intstr.IntOrString"
        case .quantity: "resource.Quantity"
        case .time: "v1.Time"
        case .microTime: "v1.MicroTime"
        case .any: "interface {}"
        case .object(let reference): Schema.goName(reference.name)
        case .array(let element): "[]\(element.goName)"
        case .map(let value): "map[string]\(value.goName)"
        }
    }
}

extension JSONValue {
    /// What Go's decoder calls the value.
    fileprivate var kindForMessages: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    fileprivate var isEmptyCollection: Bool {
        switch self {
        case .array(let values): values.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
