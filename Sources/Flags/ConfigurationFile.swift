package import JSON
import Yams

/// A component's configuration file: YAML or JSON of a known kind, read strictly.
package struct ConfigurationFile: Sendable {
    package let path: String
    package let apiVersion: String
    package let kind: String

    package init(path: String, apiVersion: String, kind: String) {
        self.path = path
        self.apiVersion = apiVersion
        self.kind = kind
    }

    /// The settings in the file, by the key of the table's entry.
    ///
    /// - Throws: `FlagProblem` naming the file and the field.
    func read(_ text: String, _ table: FlagTable) throws(FlagProblem) -> (values: [String: FlagValue], order: [String]) {
        let root = try YAMLTree.read(text, path: path)
        guard let object = root.objectValue else { throw problem("", "must be a mapping") }
        guard root["kind"]?.stringValue == kind, root["apiVersion"]?.stringValue == apiVersion else {
            let found = "\(root["apiVersion"]?.stringValue ?? "no apiVersion"), \(root["kind"]?.stringValue ?? "no kind")"
            throw problem("", "must have apiVersion: \(apiVersion) and kind: \(kind), not \(found)")
        }
        var values: [String: FlagValue] = [:]
        var order: [String] = []
        try descend(object, "", table, &values, &order)
        return (values, order)
    }

    private func descend(
        _ object: JSONObject, _ path: String, _ table: FlagTable, _ values: inout [String: FlagValue], _ order: inout [String]
    ) throws(FlagProblem) {
        for (name, member) in object {
            if path.isEmpty, name == "apiVersion" || name == "kind" { continue }
            let field = path.isEmpty ? name : "\(path).\(name)"
            if let entry = table.entry(field: field) {
                do {
                    guard let value = try entry.kind.value(member) else { continue }
                    values[entry.key] = value
                } catch {
                    throw problem(field, error.description)
                }
                order.append(entry.key)
            } else if table.hasFields(below: field) {
                if member.isNull { continue }
                guard let object = member.objectValue else { throw problem(field, "must be a mapping") }
                try descend(object, field, table, &values, &order)
            } else {
                let nearest = NearestName.of(name, among: table.fields(below: path)).map { "; the nearest is \"\($0)\"" } ?? ""
                throw problem(field, "unknown field\(nearest)")
            }
        }
    }

    private func problem(_ field: String, _ text: String) -> FlagProblem {
        FlagProblem(field.isEmpty ? "\(path): \(text)" : "\(path): \(field): \(text)")
    }
}

/// YAML as the tree that JSON gives.
package enum YAMLTree {
    /// - Throws: `FlagProblem` with the path, line and reason.
    package static func read(_ text: String, path: String) throws(FlagProblem) -> JSONValue {
        if YAMLAliases.areExcessive(text.utf8) { throw FlagProblem("\(path): the document contains excessive aliasing") }
        do {
            guard let node = try Yams.compose(yaml: text) else { return .null }
            return try tree(node, depth: 0)
        } catch let error as FlagProblem {
            throw FlagProblem("\(path): \(error)")
        } catch {
            throw FlagProblem("\(path): not YAML: \(error)")
        }
    }

    private static let depthMax = 1000

    private static func tree(_ node: Node, depth: Int) throws -> JSONValue {
        if depth > depthMax { throw FlagProblem("line \(node.mark?.line ?? 0): nested too deeply") }
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping {
                guard let name = key.scalar?.string else { throw FlagProblem("line \(key.mark?.line ?? 0): a key must be a text") }
                object[name] = try tree(member, depth: depth + 1)
            }
            return .object(object)
        case .sequence(let sequence): return .array(try sequence.map { try tree($0, depth: depth + 1) })
        case .scalar(let scalar): return self.scalar(scalar, node)
        case .alias: throw FlagProblem("line \(node.mark?.line ?? 0): aliases are not supported")
        }
    }

    private static func scalar(_ scalar: Node.Scalar, _ node: Node) -> JSONValue {
        let text = scalar.string
        guard scalar.style == .plain else { return .string(text) }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if let number = Int64(text) { return .integer(number) }
        if let first = text.utf8.first, first == UInt8(ascii: "-") || (first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")),
            let number = JSONNumber(text)
        {
            return .number(number)
        }
        return .string(text)
    }
}
