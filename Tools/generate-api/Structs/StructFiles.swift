/// Divides the types of one module into files and writes them.
struct StructFiles {
    let module: APIModule
    let api: APIDescription
    let resources: [ResourceDescription]

    func files() throws -> [OutputFile] {
        let types = api.types(in: module.package).filter { $0.isPublished && !module.excluded.contains($0.id.name) && !($0.isKind && $0.isList) }
        guard !types.isEmpty else { throw GeneratorError("\(module.package) has no types") }
        return try FilePacker(api: api).files(of: types).map { try file($0) }
    }

    private func file(_ types: [TypeDescription]) throws -> OutputFile {
        let layout = StructLayout(api: api)
        var lines = ["// \(OutputFolder.mark); do not edit.", "// swift-format-ignore-file", ""] + (try imports(types))
        for type in types {
            lines.append("")
            lines += StructSource(type: type, isBoxed: layout.isBoxed(type), resource: resource(of: type)).lines()
        }
        return OutputFile(name: "\(types[0].id.name).swift", text: lines.joined(separator: "\n") + "\n")
    }

    private func imports(_ types: [TypeDescription]) throws -> [String] {
        var names: Set<String> = ["JSON"]
        for id in types.flatMap(\.references) where id.package != module.package {
            guard let owner = APIModule.all.first(where: { $0.package == id.package }) else {
                throw GeneratorError("\(module.name) refers to \(id.package).\(id.name), which is in no module")
            }
            names.insert(owner.name)
        }
        let machinery = APIModule.machinery.name
        if types.contains(where: { resource(of: $0) != nil || $0.storedFields.contains { $0.type.isMachineryValue } }) { names.insert(machinery) }
        if module.name == machinery { names.remove(machinery) }
        var lines = names.map { "package import \($0)" }
        // The compiler wants `package` only where a signature has a type of the module; a conformance is none.
        if module.name != machinery && !names.contains(machinery) { lines.append("import \(machinery)") }
        return lines.sorted { ($0.split(separator: " ").last ?? "") < ($1.split(separator: " ").last ?? "") }
    }

    /// Reviews and other objects that exist only as requests to subresources have no resource of their own; they get the plural of their kind.
    private func resource(of type: TypeDescription) -> ResourceDescription? {
        guard type.isKind, let kind = type.kinds.first, type.storedFields.contains(where: { $0.name == "metadata" && $0.isObjectMeta }) else {
            return nil
        }
        let own = resources.first { $0.group == kind.group && $0.version == kind.version && $0.kind == kind.kind }
        return own
            ?? ResourceDescription(
                group: kind.group, version: kind.version, plural: kind.kind.lowercased() + "s", kind: kind.kind, isNamespaced: true, verbs: [],
                shortNames: [], categories: [], subresources: [])
    }
}

extension TypeDescription {
    /// The types of the fields, in the order of the fields.
    var references: [TypeID] { storedFields.compactMap(\.type.reference) }
}

extension FieldType {
    /// Whether the Swift type of the values comes from the machinery.
    var isMachineryValue: Bool {
        switch self {
        case .quantity, .time, .microTime, .intOrString, .any: true
        case .array(let inner), .map(let inner): inner.isMachineryValue
        default: false
        }
    }

    var reference: TypeID? {
        switch self {
        case .object(let id): id
        case .array(let inner), .map(let inner): inner.reference
        default: nil
        }
    }
}

extension FieldDescription {
    var isObjectMeta: Bool { type.reference?.name == "ObjectMeta" }
}
