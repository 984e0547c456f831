/// A field of the API as a property of a Swift struct.
struct SwiftField {
    let field: FieldDescription
    /// The property's type without a question mark.
    let type: String
    let isOptional: Bool

    init(_ field: FieldDescription) {
        self.field = field
        type = Self.swiftType(field.type)
        isOptional = Self.isOptional(field)
    }

    /// The name as it is written in a declaration.
    var name: String { Self.keywords.contains(field.name) ? "`\(field.name)`" : field.name }

    /// ": Type = default" of the property's declaration.
    var declaration: String { "\(name): \(annotation)\(initialValue)" }

    var annotation: String { isOptional ? type + "?" : type }

    /// The writer's function: required fields are written also when they are empty, except structs that are always there.
    var writeFunction: String {
        if case .object = field.type, !isOptional { return "fieldUnlessEmpty" }
        return field.isRequired && !isOptional ? "requiredField" : "field"
    }

    private var initialValue: String {
        if isOptional { return "" }
        switch field.type {
        case .array, .bytes: return " = []"
        case .map: return " = [:]"
        case .string: return " = \"\""
        case .int32, .int64, .double: return " = 0"
        case .bool: return " = false"
        case .intOrString: return " = .int(0)"
        case .quantity, .time, .microTime, .any, .object: return " = .init()"
        }
    }

    /// Structs under these names are parts of nearly every object and always there.
    private static let alwaysThere: Set<String> = ["metadata", "spec", "status", "template"]

    private static func isOptional(_ field: FieldDescription) -> Bool {
        switch field.type {
        case .array, .map, .bytes: false
        case .string, .int32, .int64, .double, .bool, .intOrString: !field.isRequired
        // No value of these means "not set", so that absence is the only honest zero.
        case .quantity, .time, .microTime, .any: true
        case .object: !alwaysThere.contains(field.name)
        }
    }

    private static func swiftType(_ type: FieldType) -> String {
        switch type {
        case .string: "String"
        case .int32: "Int32"
        case .int64: "Int64"
        case .double: "Double"
        case .bool: "Bool"
        case .bytes: "[UInt8]"
        case .intOrString: "IntOrString"
        case .quantity: "Quantity"
        case .time: "Time"
        case .microTime: "MicroTime"
        case .any: "RawJSON"
        case .object(let id): id.name
        case .array(let element): "[\(swiftType(element))]"
        case .map(let value): "[String: \(swiftType(value))]"
        }
    }

    private static let keywords: Set<String> = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension", "fallthrough", "false", "for",
        "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator", "private", "protocol", "public",
        "repeat", "return", "self", "static", "struct", "subscript", "super", "switch", "throw", "throws", "true", "try", "typealias", "var",
        "where", "while",
    ]
}
