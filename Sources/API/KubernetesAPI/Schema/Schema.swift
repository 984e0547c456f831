package import JSON

/// What is known about one object type: its fields, and how generic code (decoding, patches, apply, protobuf, explain) treats them.
///
/// Built-in types come from embedded tables and are parsed when first asked for; schemas of custom resources are made by hand.
/// Immutable; one instance per type is shared by everybody.
package final class Schema: Sendable {
    /// `core.v1.PodSpec`; of built-in types unique.
    package let name: String
    /// The name in OpenAPI documents: `io.k8s.api.core.v1.PodSpec`.
    package let openAPIName: String
    /// For types that are sent at the top level.
    package let kind: GroupVersionKind?
    /// Whether apply takes the object as one value with one owner.
    package let isAtomic: Bool
    /// Whether members that are no fields stay (custom resources); built-in types drop them.
    package let preservesUnknownFields: Bool
    /// Whether empty lists and maps of fields that are not required are dropped in decoding, as upstream's built-in types do.
    package let dropsEmptyCollections: Bool
    /// At most 16,000, as ``JSONKeys`` can tell apart.
    package let fields: [Field]
    private let positions: JSONKeys

    package init(
        name: String, openAPIName: String, kind: GroupVersionKind? = nil, isAtomic: Bool = false, preservesUnknownFields: Bool = false,
        dropsEmptyCollections: Bool = true, fields: [Field]
    ) {
        self.name = name
        self.openAPIName = openAPIName
        self.kind = kind
        self.isAtomic = isAtomic
        self.preservesUnknownFields = preservesUnknownFields
        self.dropsEmptyCollections = dropsEmptyCollections
        self.fields = fields
        positions = JSONKeys(fields.map(\.name))
    }

    package func field(_ name: String) -> Field? {
        position(of: name).map { fields[$0] }
    }

    /// The index of a field in `fields`.
    func position(of name: String) -> Int? {
        let position = positions.find(name)
        return position >= 0 ? position : nil
    }

    /// The field at the end of a path of field names; lists and maps on the way are passed through to their elements.
    package func field(at path: some Sequence<String>) -> Field? {
        var schema: Schema? = self
        var found: Field?
        for name in path {
            found = schema?.field(name)
            guard let found else { return nil }
            schema = found.type.elementSchema
        }
        return found
    }
}

extension Schema {
    package struct Field: Sendable {
        package let name: String
        package let type: ValueType
        package let isRequired: Bool
        /// What an absent field is set to; nil for none.
        package let defaultValue: JSONValue?
        /// How apply merges the field, when it is a list.
        package let listType: ListType
        /// Whether apply takes the field's map or object as one value with one owner.
        package let isAtomic: Bool
        /// How a strategic merge patch treats the field.
        package let patchStrategy: PatchStrategy
        /// The field by which a strategic merge patch tells the elements of the list apart.
        package let patchMergeKey: String?
        /// The protobuf field number. More than one where the fields of an embedded message stand inline in JSON: the number of the message
        /// comes first. Empty for fields that are not in the message.
        package let protobufPath: [Int]
        /// Whether every object of the type has this part, said or not: Kubernetes' structs hold it by value.
        package let isEmbedded: Bool
        /// The field as FieldsV1 names it: `f:spec`.
        package let fieldsV1Key: String

        package init(
            name: String, type: ValueType, isRequired: Bool = false, defaultValue: JSONValue? = nil, listType: ListType = .atomic,
            isAtomic: Bool = false, patchStrategy: PatchStrategy = [], patchMergeKey: String? = nil, protobufPath: [Int] = [],
            isEmbedded: Bool = false
        ) {
            self.name = name
            self.type = type
            self.isRequired = isRequired
            self.defaultValue = defaultValue
            self.listType = listType
            self.isAtomic = isAtomic
            self.patchStrategy = patchStrategy
            self.patchMergeKey = patchMergeKey
            self.protobufPath = protobufPath
            self.isEmbedded = isEmbedded
            fieldsV1Key = "f:" + name
        }
    }

    package indirect enum ValueType: Sendable {
        case string, int32, int64, double, bool
        /// A base64 string.
        case bytes
        case intOrString, quantity, time, microTime
        /// Any JSON; taken as it is.
        case any
        case object(Reference)
        case array(ValueType)
        case map(ValueType)

        /// The schema of the objects of the type, or of the elements of its list or map.
        package var elementSchema: Schema? {
            switch self {
            case .object(let reference): reference.schema
            case .array(let element), .map(let element): element.elementSchema
            default: nil
            }
        }
    }

    package enum ListType: Sendable, Equatable {
        case atomic
        /// Of scalars, each at most once.
        case set
        /// Of objects told apart by these fields.
        case map(keys: [String])
    }

    package struct PatchStrategy: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// Lists are merged: objects by their merge key, scalars as a set.
        package static let merge = PatchStrategy(rawValue: 1)
        /// Fields that the patch does not name are removed.
        package static let retainKeys = PatchStrategy(rawValue: 2)
        package static let replace = PatchStrategy(rawValue: 4)
    }
}
