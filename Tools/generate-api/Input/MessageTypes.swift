/// Types that the OpenAPI document does not have, made from their messages: versions that are no longer served, options of requests, and what servers
/// send each other. Clients still send some, and stores may hold them.
///
/// A message says less than the document: nothing of how lists are merged, and of fields only whether there are several. That is enough for the wire.
struct MessageTypes {
    private let numbers: ProtobufNumbers
    private let published: [TypeID: TypeDescription]
    /// How fields are written in JSON, by their names in lower case: some messages begin theirs with a capital letter.
    private let spellings: [String: String]

    init(numbers: ProtobufNumbers, published: [TypeID: TypeDescription]) {
        self.numbers = numbers
        self.published = published
        let names = Set(published.values.flatMap { $0.fields.map(\.name) }).sorted()
        spellings = Dictionary(names.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Kinds that the published types lack, and the types that they refer to.
    func types() throws -> [TypeDescription] {
        let groups = Groups(published)
        var found: [TypeID: TypeDescription] = [:]
        var open: [TypeID] = []
        for package in numbers.packageNames.sorted() where Self.isAPI(package) {
            for name in numbers.messageNames(of: package).sorted() {
                let id = TypeID(definition: "\(package).\(name)")
                if published[id] == nil, isKind(id) { open.append(id) }
            }
        }
        let kinds = Set(open)
        while let id = open.popLast() {
            guard published[id] == nil, found[id] == nil else { continue }
            let type = try read(id, kind: kinds.contains(id) ? groups.kind(of: id) : nil)
            found[id] = type
            open += type.fields.compactMap(\.type.reference)
        }
        return Array(found.values)
    }

    private static func isAPI(_ package: String) -> Bool {
        package.hasPrefix("io.k8s.api.") || package == APIModule.machinery.package
    }

    /// Whether objects of the type are sent at the top level. Nothing in a message tells it but its fields and its name.
    private func isKind(_ id: TypeID) -> Bool {
        if Self.kinds.contains(id.name) || id.name.hasSuffix("Options") || id.name.hasSuffix("Review") { return true }
        let metadata = numbers.fields(of: id).first { $0.name == "metadata" }
        return metadata?.type.hasSuffix("ObjectMeta") == true && !id.name.hasSuffix("Spec")
    }

    private static let kinds: Set<String> = ["DeploymentRollback", "SerializedReference"]

    private func read(_ id: TypeID, kind: GroupVersionKind?) throws -> TypeDescription {
        var fields: [FieldDescription] = []
        if kind != nil {
            fields = ["kind", "apiVersion"].map { FieldDescription(name: $0, type: .string, isRequired: false, protobufPath: [], isAtomicMap: false) }
        }
        fields += try numbers.fields(of: id).flatMap { try self.fields($0, of: id) }
        return TypeDescription(id: id, fields: fields, kinds: kind.map { [$0] } ?? [], isAtomicMap: false, isPublished: false)
    }

    private func fields(_ field: ProtobufNumbers.Field, of id: TypeID) throws -> [FieldDescription] {
        if Self.inline.contains(field.type) {
            // Its fields stand in JSON beside those of the message that it is in.
            return try numbers.fields(of: TypeID(package: id.package, name: field.type)).flatMap { try fields($0, of: id) }.map {
                var inner = $0
                inner.protobufPath.insert(field.number, at: 0)
                return inner
            }
        }
        let type = try type(field.type, in: id.package)
        return [
            FieldDescription(
                name: spelled(field.name), type: field.isRepeated ? .array(type) : type, isRequired: false, protobufPath: [field.number],
                isAtomicMap: false)
        ]
    }

    private func spelled(_ name: String) -> String {
        // `aPIGroup`, `Webhooks`: everything else is the same in both.
        let isOdd = name.first?.isUppercase == true || name.dropFirst().prefix(2).allSatisfy(\.isUppercase)
        return isOdd ? spellings[name.lowercased()] ?? name.prefix(1).lowercased() + name.dropFirst() : name
    }

    private static let inline: Set<String> = ["IngressRuleValue"]

    private func type(_ text: String, in package: String) throws -> FieldType {
        if text.hasPrefix("map<string,") { return .map(try type(String(text.dropFirst("map<string,".count).dropLast()), in: package)) }
        switch text {
        case "string": return .string
        case "bytes": return .bytes
        case "int32": return .int32
        case "int64": return .int64
        case "double": return .double
        case "bool": return .bool
        default: break
        }
        let id =
            text.hasPrefix(".") ? TypeID(definition: ProtobufNumbers.documentName(String(text.dropFirst()))) : TypeID(package: package, name: text)
        if let value = APIDescription.wellKnown[id.name] { return value }
        if numbers.textList(id) != nil { return .array(.string) }
        return .object(id)
    }

    /// What groups packages are called.
    private struct Groups {
        private var names = [
            "admission": "admission.k8s.io", "apidiscovery": "apidiscovery.k8s.io", "imagepolicy": "imagepolicy.k8s.io", "meta": "meta.k8s.io",
        ]

        init(_ published: [TypeID: TypeDescription]) {
            for type in published.values where type.kinds.count == 1 && type.id.package.hasPrefix("io.k8s.api.") {
                names[Self.package(type.id)] = type.kinds[0].group
            }
        }

        func kind(of id: TypeID) -> GroupVersionKind {
            let package = Self.package(id)
            return GroupVersionKind(group: names[package] ?? package, version: id.version, kind: id.name)
        }

        private static func package(_ id: TypeID) -> String { id.package.split(separator: ".").dropLast().last.map(String.init) ?? "" }
    }
}
