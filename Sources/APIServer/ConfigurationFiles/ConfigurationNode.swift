import Flags
import JSON

/// One place in a configuration file of the API server, read strictly: unknown fields and values of a wrong type are errors that name the place.
struct ConfigurationNode {
    let file: String
    /// The path inside the file, such as `jwt[0].issuer`; empty for its top.
    let field: String
    let tree: JSONValue

    /// Reads a file, YAML or JSON.
    ///
    /// - Parameter versions: those of `kind` that are understood, as `group/version`.
    init(yaml bytes: [UInt8], file: String, kind: String, versions: [String]) throws(ConfigurationFileError) {
        var issues: [String] = []
        let tree: JSONValue
        do throws(APIStatus) {
            tree = try YAMLDocument.tree(bytes, issues: &issues)
        } catch {
            throw ConfigurationFileError(file: file, field: "", problem: error.message)
        }
        if let issue = issues.first { throw ConfigurationFileError(file: file, field: "", problem: issue) }
        try self.init(tree: tree, file: file, field: "", kind: kind, versions: versions)
    }

    /// An object of a known kind that stands inside another.
    init(tree: JSONValue, file: String, field: String, kind: String, versions: [String]) throws(ConfigurationFileError) {
        self.init(file: file, field: field, tree: tree)
        guard tree.objectValue != nil else { throw error("must be a mapping") }
        guard tree.text("kind") == kind, versions.contains(tree.text("apiVersion")) else {
            throw error("must be \(kind) of \(versions.joined(separator: " or ")), not \(tree.text("kind")) of \(tree.text("apiVersion"))")
        }
    }

    private init(file: String, field: String, tree: JSONValue) {
        self.file = file
        self.field = field
        self.tree = tree
    }

    func error(_ problem: String) -> ConfigurationFileError { ConfigurationFileError(file: file, field: field, problem: problem) }

    /// What is wrong with a member, under its own path.
    func error(_ name: String, _ problem: String) -> ConfigurationFileError {
        ConfigurationFileError(file: file, field: path(name), problem: problem)
    }

    /// Refuses members of other names. `apiVersion` and `kind` may always be there.
    func allow(_ names: String...) throws(ConfigurationFileError) {
        for (name, _) in tree.objectValue ?? [:] where !names.contains(name) && name != "apiVersion" && name != "kind" {
            throw error(name, "unknown field; there are \(names.joined(separator: ", "))")
        }
    }

    private func path(_ name: String) -> String { field.isEmpty ? name : "\(field).\(name)" }

    func has(_ name: String) -> Bool { !(tree[name]?.isNull ?? true) }

    /// The member as it is; nil when absent or null.
    private func member(_ name: String) -> JSONValue? { tree[name].flatMap { $0.isNull ? nil : $0 } }

    /// Nil when absent.
    func child(_ name: String) throws(ConfigurationFileError) -> ConfigurationNode? {
        guard let member = member(name) else { return nil }
        guard member.objectValue != nil else { throw error(name, "must be a mapping") }
        return ConfigurationNode(file: file, field: path(name), tree: member)
    }

    /// The members of a list of mappings.
    func children(_ name: String) throws(ConfigurationFileError) -> [ConfigurationNode] {
        guard let member = member(name) else { return [] }
        guard let items = member.arrayValue else { throw error(name, "must be a list") }
        var children: [ConfigurationNode] = []
        for (index, item) in items.enumerated() {
            let child = ConfigurationNode(file: file, field: "\(path(name))[\(index)]", tree: item)
            guard item.objectValue != nil else { throw child.error("must be a mapping") }
            children.append(child)
        }
        return children
    }

    /// Nil when absent.
    func optionalString(_ name: String) throws(ConfigurationFileError) -> String? {
        guard let member = member(name) else { return nil }
        guard let text = member.stringValue else { throw error(name, "must be a string") }
        return text
    }

    /// Empty when absent.
    func string(_ name: String) throws(ConfigurationFileError) -> String { try optionalString(name) ?? "" }

    /// A text that must be there and must not be empty.
    func required(_ name: String) throws(ConfigurationFileError) -> String {
        let text = try string(name)
        if text.isEmpty { throw error(name, "Required value") }
        return text
    }

    /// A text that must be one of a few.
    func oneOf(_ name: String, _ choices: String...) throws(ConfigurationFileError) -> String {
        let text = try required(name)
        guard choices.contains(text) else {
            throw error(name, "Unsupported value: \(goQuoted(text)): supported values: \(choices.map { goQuoted($0) }.joined(separator: ", "))")
        }
        return text
    }

    func strings(_ name: String) throws(ConfigurationFileError) -> [String] {
        guard let member = member(name) else { return [] }
        guard let items = member.arrayValue else { throw error(name, "must be a list") }
        var texts: [String] = []
        for item in items {
            guard let text = item.stringValue else { throw error(name, "must be a list of strings") }
            texts.append(text)
        }
        return texts
    }

    /// Nil when absent.
    func bool(_ name: String) throws(ConfigurationFileError) -> Bool? {
        guard let member = member(name) else { return nil }
        guard let value = member.boolValue else { throw error(name, "must be true or false") }
        return value
    }

    /// Nil when absent.
    func duration(_ name: String) throws(ConfigurationFileError) -> Duration? {
        guard let text = try optionalString(name) else { return nil }
        guard let duration = GoDuration.parse(text) else { throw error(name, "must be a duration such as 10s or 1m30s") }
        return duration
    }
}

/// A configuration file that cannot be used, and where the reason is.
package struct ConfigurationFileError: Error, Equatable, CustomStringConvertible {
    package var file: String
    package var field: String
    package var problem: String

    package init(file: String, field: String, problem: String) {
        self.file = file
        self.field = field
        self.problem = problem
    }

    package var description: String { field.isEmpty ? "\(file): \(problem)" : "\(file): \(field): \(problem)" }
}
