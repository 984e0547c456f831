package import JSON

/// The settings of one run: defaults, then the configuration file, then the command line.
package struct FlagValues: Sendable {
    package let table: FlagTable
    /// What was accepted and has no effect, a log line each.
    package private(set) var notes: [String] = []
    private var given: [String: FlagValue] = [:]
    private var fromCommandLine: Set<String> = []

    /// - Throws: `FlagProblem` naming the flag and what is wrong with it.
    package init(_ table: FlagTable, arguments: [String]) throws(FlagProblem) {
        self.table = table
        let (values, order) = try CommandLineReader(table: table).read(arguments)
        given = values
        fromCommandLine = Set(order)
        for name in order {
            if let entry = table.entry(flag: name) { try check(entry, "--\(name)") }
        }
    }

    /// Takes in a configuration file; flags of the command line win over it.
    ///
    /// - Throws: `FlagProblem` naming the file, the field and what is wrong with it.
    package mutating func read(_ file: ConfigurationFile, text: String) throws(FlagProblem) {
        let (values, order) = try file.read(text, table)
        for key in order where !fromCommandLine.contains(key) {
            given[key] = values[key]
            guard let entry = table.entry(flag: key) ?? table.entry(field: key) else { continue }
            try check(entry, "\(file.path): \(entry.field ?? key)")
        }
    }

    private mutating func check(_ entry: FlagTable.Entry, _ place: String) throws(FlagProblem) {
        switch entry.standing {
        case .used: break
        case .withoutEffect:
            notes.append("\(place) has no effect here" + (entry.help.isEmpty ? "" : ": \(entry.help)"))
        case .unsupported:
            guard given[entry.key] != defaultValue(entry), !isEmpty(given[entry.key]) else { return }
            throw FlagProblem("\(place) is not supported" + (entry.help.isEmpty ? "" : ": \(entry.help)"))
        }
    }

    private func isEmpty(_ value: FlagValue?) -> Bool {
        switch value {
        case .string(""), .list([]), .bool(false), nil: true
        case .map(let map): map.isEmpty
        default: false
        }
    }

    private func defaultValue(_ entry: FlagTable.Entry) -> FlagValue? {
        entry.defaultText.flatMap { try? entry.kind.value($0) }
    }

    private func value(_ key: String) -> FlagValue? {
        if let value = given[key] { return value }
        return (table.entry(flag: key) ?? table.entry(field: key)).flatMap(defaultValue)
    }

    // MARK: Asking

    /// Whether the command line or the file says anything about it.
    package func isGiven(_ key: String) -> Bool { given[key] != nil }

    /// Empty when not set.
    package func string(_ key: String) -> String {
        if case .string(let text)? = value(key) { return text }
        return ""
    }

    /// Nil when not set or set to nothing.
    package func text(_ key: String) -> String? {
        let text = string(key)
        return text.isEmpty ? nil : text
    }

    package func bool(_ key: String) -> Bool { value(key) == .bool(true) }

    package func int(_ key: String) -> Int64 {
        if case .int(let number)? = value(key) { return number }
        return 0
    }

    package func float(_ key: String) -> Double { Double(string(key)) ?? 0 }

    /// - Throws: `FlagProblem` when it is no port.
    package func port(_ key: String) throws(FlagProblem) -> Int {
        guard let port = Int(exactly: int(key)), (0...65535).contains(port) else {
            throw FlagProblem("--\(key) \(int(key)) must be between 0 and 65535")
        }
        return port
    }

    package func duration(_ key: String) -> Duration {
        if case .duration(let duration)? = value(key) { return duration }
        return .zero
    }

    package func list(_ key: String) -> [String] {
        if case .list(let items)? = value(key) { return items }
        return []
    }

    package func map(_ key: String) -> [String: String] {
        if case .map(let pairs)? = value(key) { return pairs }
        return [:]
    }

    package func tree(_ key: String) -> JSONValue? {
        if case .tree(let tree)? = value(key) { return tree }
        return nil
    }

    /// Only the command line counts, which is read before any file.
    package var wantsHelp: Bool { given["help"] == .bool(true) }
    /// Nil when `--version` was not given; else how it is to be said: `true` or `raw`.
    package var wantedVersion: String? {
        guard case .string(let form)? = given["version"], form != "false" else { return nil }
        return form
    }
}
