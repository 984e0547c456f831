import Flags
import JSON
import Yams

/// YAML from and to the same tree that JSON gives. Only what JSON can say is accepted: maps with scalar keys, lists, scalars.
enum YAMLDocument {
    static func tree(_ bytes: [UInt8], issues: inout [String]) throws(APIStatus) -> JSONValue {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .badRequest("yaml: invalid UTF-8") }
        if YAMLAliases.areExcessive(bytes) {
            throw .badRequest("error converting YAML to JSON: yaml: document contains excessive aliasing")
        }
        do {
            guard let node = try Yams.compose(yaml: text, Resolver.default) else { return .null }
            return try value(of: node, path: "", depth: 0, issues: &issues)
        } catch {
            throw .badRequest("error converting YAML to JSON: yaml: \(complaint(error))")
        }
    }

    private static func complaint(_ error: any Error) -> String {
        guard let error = error as? YamlError else { return "\(error)" }
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let duplicates, let context):
            return "line \(context.mark.line): key \(duplicates.map { "\($0)" }.joined(separator: ", ")) already set in map"
        default:
            return "\(error)"
        }
    }

    private static let depthMax = 1000

    private struct TooDeep: Error, CustomStringConvertible {
        var description: String { "exceeded max depth of \(depthMax)" }
    }

    private static func value(of node: Node, path: String, depth: Int, issues: inout [String]) throws -> JSONValue {
        if depth > depthMax { throw TooDeep() }
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, member) in mapping {
                let name = key.scalar?.string ?? ""
                let memberPath = path.isEmpty ? name : path + "." + name
                if object.contains(name) { issues.append("duplicate field \"\(memberPath)\"") }
                object[name] = try value(of: member, path: memberPath, depth: depth + 1, issues: &issues)
            }
            return .object(object)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for (index, element) in sequence.enumerated() {
                elements.append(try value(of: element, path: "\(path)[\(index)]", depth: depth + 1, issues: &issues))
            }
            return .array(elements)
        case .scalar(let scalar):
            return self.scalar(scalar, tag: Tag.Name(rawValue: node.tag.description))
        case .alias:
            return .null
        }
    }

    private static func scalar(_ scalar: Node.Scalar, tag: Tag.Name) -> JSONValue {
        let text = scalar.string
        switch tag {
        case .null: return .null
        case .bool: return .bool(["true", "yes", "on", "y"].contains(text.lowercased()))
        case .int:
            if let number = Int64(text) { return .integer(number) }
            if let number = Int.construct(from: scalar) { return .integer(Int64(number)) }
            return JSONNumber(text).map { .number($0) } ?? .string(text)
        case .float:
            if let number = JSONNumber(text) { return .number(number) }
            return Double.construct(from: scalar).flatMap { JSONNumber($0) }.map { .number($0) } ?? .string(text)
        default: return .string(text)
        }
    }

    /// A document, keys in their order as upstream writes them.
    static func bytes(of tree: JSONValue) throws(APIStatus) -> [UInt8] {
        do {
            return Array(try Yams.serialize(node: try node(of: tree), allowUnicode: true, sortKeys: true).utf8)
        } catch {
            throw .internalError("the object can't be written as YAML: \(error)")
        }
    }

    private static func node(of tree: JSONValue) throws -> Node {
        switch tree {
        case .null: .scalar(Node.Scalar("null", Tag(.null), .plain))
        case .bool(let flag): try Node(flag)
        case .integer(let number): try Node(number)
        case .number(let number): .scalar(Node.Scalar(number.text, Tag(.float), .plain))
        case .string(let text): .scalar(text.represented())
        case .array(let elements): .sequence(Node.Sequence(try elements.map { try node(of: $0) }, Tag(.seq), elements.isEmpty ? .flow : .block))
        case .object(let members):
            .mapping(
                Node.Mapping(
                    try members.map { (.scalar($0.key.represented()), try node(of: $0.value)) }, Tag(.map), members.isEmpty ? .flow : .block))
        }
    }
}
