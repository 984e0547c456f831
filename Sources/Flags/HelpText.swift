/// The text of `--help`: the groups of a table, a line a flag.
package enum HelpText {
    package static func of(_ table: FlagTable) -> String {
        var text = "\(table.summary)\n\nUsage:\n  \(table.program) [flags]\n"
        var groups: [String] = []
        for group in table.entries.map(\.group) where !groups.contains(group) { groups.append(group) }
        // The flags that all components have come last.
        for group in groups.dropFirst() + groups.prefix(1) {
            let entries = table.entries.filter { $0.group == group && $0.flag != nil && $0.standing != .unsupported }
                .sorted { $0.key < $1.key }
            guard !entries.isEmpty else { continue }
            text += "\n\(group) flags:\n\n"
            let heads = entries.map(head)
            let width = min(heads.map(\.count).max() ?? 0, 56)
            for (entry, head) in zip(entries, heads) {
                let pad = head.count <= width ? String(repeating: " ", count: width - head.count) : "\n" + String(repeating: " ", count: width)
                text += head + pad + "   " + words(entry) + "\n"
            }
        }
        return text
    }

    private static func head(_ entry: FlagTable.Entry) -> String {
        let name = entry.key
        let lead = name == "v" ? "  -v, --v" : name == "help" ? "  -h, --help" : "      --\(name)"
        switch entry.kind {
        case .bool: return lead
        case _ where name == "version": return lead + " [raw]"
        case .endpoint: return lead + " address"
        case .list: return lead + " strings"
        case .map: return lead + " key=value,..."
        default: return lead + " \(entry.kind.rawValue)"
        }
    }

    private static func words(_ entry: FlagTable.Entry) -> String {
        if entry.standing == .withoutEffect { return "(no effect) \(entry.help)" }
        guard let given = entry.defaultText, given != "false", given != "0" || entry.kind != .int else { return entry.help }
        return "\(entry.help) (default \(entry.kind == .string ? "\"\(given)\"" : given))"
    }
}
