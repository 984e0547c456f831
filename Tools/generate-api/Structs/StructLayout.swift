/// Which structs keep their fields in a shared box.
///
/// A struct of many words is expensive to pass around: each string, array and nested struct is retained on its own. Beyond 64 bytes the
/// fields go into one class instance, which is copied when it is changed while shared.
struct StructLayout {
    let api: APIDescription
    private static let largestPlainSize = 64

    func isBoxed(_ type: TypeDescription) -> Bool {
        size(fieldsOf: type) > Self.largestPlainSize
    }

    /// The approximate size of the fields in bytes; alignment is ignored.
    private func size(fieldsOf type: TypeDescription) -> Int {
        // The raw bytes of unknown fields are one word.
        type.storedFields.reduce(8) { $0 + size(SwiftField($1)) }
    }

    private func size(_ field: SwiftField) -> Int {
        switch field.field.type {
        case .string: 16
        case .int32: field.isOptional ? 5 : 4
        case .int64, .double: field.isOptional ? 9 : 8
        case .bool: 1
        case .bytes, .array, .map, .any: 8
        case .intOrString: 24
        case .quantity: 32
        case .time, .microTime: 9
        case .object(let id):
            if let type = api.types[id] { isBoxed(type) ? 8 : size(fieldsOf: type) } else { 8 }
        }
    }
}

extension TypeDescription {
    /// The type's own kind and version are constants of the Swift type where the document gives exactly one pair.
    var isKind: Bool { !kinds.isEmpty && fields.contains { $0.name == "kind" } && fields.contains { $0.name == "apiVersion" } }

    /// The fields that a value of the type holds.
    var storedFields: [FieldDescription] {
        isKind ? fields.filter { $0.name != "kind" && $0.name != "apiVersion" } : fields
    }
}
