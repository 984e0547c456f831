/// The schemas as text: a file per package, a line per type, a line per field. Read by `SchemaTable` in KubernetesAPI.
///
///     package io.k8s.api.core.v1
///     type Pod gvk=/v1/Pod
///      spec PodSpec 2
///     type PodSpec
///      containers []Container 2 required list=map:name patch=merge:name
struct SchemaTables {
    let api: APIDescription

    func files() -> [OutputFile] {
        Set(api.types.keys.map(\.package)).sorted().map { package in
            let types = api.types(in: package).filter { !($0.isKind && $0.isList) }
            var lines = ["# \(OutputFolder.mark); do not edit.", "package \(package)"]
            for type in types {
                lines.append(typeLine(type))
                lines += type.fields.map { fieldLine($0, in: package) }
            }
            return OutputFile(name: "\(types[0].id.module).txt", text: lines.joined(separator: "\n") + "\n")
        }
    }

    private func typeLine(_ type: TypeDescription) -> String {
        var words = ["type", type.id.name]
        // Options that are accepted under every group are listed for the first only.
        if let kind = type.kinds.first { words.append("gvk=\(kind.group)/\(kind.version)/\(kind.kind)") }
        if type.isAtomicMap { words.append("atomic") }
        return words.joined(separator: " ")
    }

    private func fieldLine(_ field: FieldDescription, in package: String) -> String {
        let number = field.protobufPath.map(String.init).joined(separator: "/")
        var words = ["", field.name, typeText(field.type, in: package), number.isEmpty ? "-" : number]
        if field.isRequired { words.append("required") }
        if field.isAtomicMap { words.append("atomic") }
        if let list = field.listType {
            words.append(field.listKeys.isEmpty ? "list=\(list)" : "list=\(list):\(field.listKeys.joined(separator: ","))")
        }
        if let strategy = field.patchStrategy { words.append("patch=\(strategy)\(field.patchMergeKey.map { ":" + $0 } ?? "")") }
        // Last, since its value may have spaces.
        if let value = field.defaultText { words.append("default=\(value)") }
        return words.joined(separator: " ")
    }

    private func typeText(_ type: FieldType, in package: String) -> String {
        switch type {
        case .string: "string"
        case .int32: "int32"
        case .int64: "int64"
        case .double: "double"
        case .bool: "bool"
        case .bytes: "bytes"
        case .intOrString: "intorstring"
        case .quantity: "quantity"
        case .time: "time"
        case .microTime: "microtime"
        case .any: "any"
        case .object(let id): id.package == package ? id.name : "\(id.module).\(id.name)"
        case .array(let element): "[]" + typeText(element, in: package)
        case .map(let value): "{}" + typeText(value, in: package)
        }
    }
}
