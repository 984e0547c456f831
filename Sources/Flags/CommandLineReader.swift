/// Reads a command line in Go's style: `--flag=value`, `--flag value`, `--flag` for true, `-v 4`.
struct CommandLineReader {
    let table: FlagTable

    /// What stood on the command line, by flag, and which flags in which order.
    ///
    /// - Throws: `FlagProblem` naming the flag.
    func read(_ arguments: [String]) throws(FlagProblem) -> (values: [String: FlagValue], order: [String]) {
        var values: [String: FlagValue] = [:]
        var order: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                guard let stray = rest.first else { break }
                throw stranger(stray)
            }
            guard argument.hasPrefix("-"), argument != "-" else { throw stranger(argument) }
            var (name, text) = Self.split(argument)
            if argument.hasPrefix("--") {
                // Upstream takes underscores for dashes.
                name = String(name.map { $0 == "_" ? "-" : $0 })
            } else {
                switch name.first {
                case "h" where name == "h": name = "help"
                case "v":
                    if name.count > 1 { text = text ?? String(name.dropFirst()) }
                    name = "v"
                default: throw FlagProblem("unknown shorthand flag: \(argument); flags begin with two dashes")
                }
            }
            guard let entry = table.entry(flag: name) else { throw unknown(name) }
            if text == nil {
                switch entry.kind {
                case .bool: text = "true"
                case _ where name == "version": text = "true"
                default:
                    guard let next = rest.popFirst() else { throw FlagProblem("flag needs an argument: --\(name)") }
                    text = next
                }
            }
            let value: FlagValue
            do {
                value = try entry.kind.value(text ?? "")
            } catch {
                throw FlagProblem("invalid argument \"\(text ?? "")\" for \"--\(name)\" flag: \(error)")
            }
            if let before = values[name] {
                values[name] = before.adding(value)
            } else {
                values[name] = value
                order.append(name)
            }
        }
        return (values, order)
    }

    private static func split(_ argument: String) -> (name: String, value: String?) {
        let body = argument.drop { $0 == "-" }
        guard let sign = body.firstIndex(of: "=") else { return (String(body), nil) }
        return (String(body[..<sign]), String(body[body.index(after: sign)...]))
    }

    private func stranger(_ argument: String) -> FlagProblem {
        FlagProblem("\(table.program) takes only flags; what is \"\(argument)\" meant to be?")
    }

    private func unknown(_ name: String) -> FlagProblem {
        let nearest = NearestName.of(name, among: table.flags).map { "; the nearest is --\($0)" } ?? ""
        return FlagProblem("unknown flag: --\(name)\(nearest)")
    }
}
