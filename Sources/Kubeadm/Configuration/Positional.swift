import Flags

/// Words of a command line that belong to no flag.
enum Positional {
    /// - Returns: the words, and the rest of the command line.
    static func split(_ arguments: [String], _ table: FlagTable) -> (words: [String], flags: [String]) {
        var words: [String] = []
        var flags: [String] = []
        var takesValue = false
        for argument in arguments {
            if takesValue {
                flags.append(argument)
                takesValue = false
            } else if argument.hasPrefix("-"), argument != "-" {
                flags.append(argument)
                takesValue = needsValue(argument, table)
            } else {
                words.append(argument)
            }
        }
        return (words, flags)
    }

    private static func needsValue(_ argument: String, _ table: FlagTable) -> Bool {
        if argument.contains("=") { return false }
        guard argument.hasPrefix("--") else { return argument == "-v" }
        let name = String(argument.dropFirst(2))
        guard let entry = table.entry(flag: name), name != "version" else { return false }
        return entry.kind != .bool
    }
}
