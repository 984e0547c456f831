package import JSON

/// The types of settings, under the names that `--help` shows.
package enum FlagKind: String, Sendable {
    case string
    case bool
    case int
    case float
    /// As Go writes durations: `1m30s`.
    case duration
    /// An IP address.
    case ip
    /// `address:port`, or only a port or an address.
    case endpoint
    /// Comma-separated; a repeated flag adds to the first.
    case list
    /// `key=value`, comma-separated; a repeated flag adds to the first.
    case map
    /// Anything, in a configuration file only.
    case tree

    /// Reads the text of a flag.
    ///
    /// - Throws: `FlagProblem` with only the reason in it.
    package func value(_ text: String) throws(FlagProblem) -> FlagValue {
        switch self {
        case .string, .endpoint: return .string(text)
        case .bool:
            switch text.lowercased() {
            case "true", "t", "1": return .bool(true)
            case "false", "f", "0": return .bool(false)
            default: throw FlagProblem("must be true or false")
            }
        case .int:
            guard let number = Int64(text) else { throw FlagProblem("must be an integer") }
            return .int(number)
        case .float:
            guard let number = Double(text), number.isFinite else { throw FlagProblem("must be a number") }
            return .string(text)
        case .duration:
            guard let duration = GoDuration.parse(text) else { throw FlagProblem("must be a duration such as 10s or 1m30s") }
            return .duration(duration)
        case .ip:
            guard IPLiteral.isValid(text) else { throw FlagProblem("must be an IP address") }
            return .string(text)
        case .list: return .list(text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(Self.trimmed))
        case .map:
            var pairs: [String: String] = [:]
            for item in text.split(separator: ",") {
                // Evictions thresholds are written with <.
                guard let sign = item.firstIndex(where: { $0 == "=" || $0 == "<" }) else { throw FlagProblem("must be key=value pairs") }
                pairs[Self.trimmed(item[..<sign])] = Self.trimmed(item[item.index(after: sign)...])
            }
            return .map(pairs)
        case .tree: throw FlagProblem("can only be set in the configuration file")
        }
    }

    /// Reads a value of a configuration file; nil for `null`, which leaves the default.
    func value(_ json: JSONValue) throws(FlagProblem) -> FlagValue? {
        if json.isNull { return nil }
        switch (self, json) {
        case (.tree, _): return .tree(json)
        case (.bool, .bool(let flag)): return .bool(flag)
        case (.int, .integer(let number)): return .int(number)
        case (.float, .integer), (.float, .number): return .string(String(decoding: json.serialized(), as: UTF8.self))
        case (.string, .string(let text)), (.ip, .string(let text)), (.endpoint, .string(let text)), (.duration, .string(let text)):
            return text.isEmpty ? nil : try value(text)
        case (.list, .array(let items)):
            var texts: [String] = []
            for item in items {
                guard let text = item.stringValue else { throw FlagProblem("must be a list of strings") }
                texts.append(text)
            }
            return .list(texts)
        case (.map, .object(let object)):
            var pairs: [String: String] = [:]
            for (key, member) in object {
                switch member {
                case .string(let text): pairs[key] = text
                case .bool(let flag): pairs[key] = "\(flag)"
                case .integer(let number): pairs[key] = "\(number)"
                default: throw FlagProblem("\(key) must be a string")
                }
            }
            return .map(pairs)
        case (.bool, _): throw FlagProblem("must be true or false")
        case (.int, _): throw FlagProblem("must be an integer")
        case (.float, _): throw FlagProblem("must be a number")
        case (.list, _): throw FlagProblem("must be a list")
        case (.map, _): throw FlagProblem("must be a map")
        default: throw FlagProblem("must be a string")
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// What a setting is set to.
package enum FlagValue: Sendable, Equatable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case duration(Duration)
    case list([String])
    case map([String: String])
    case tree(JSONValue)

    /// A repeated flag: lists and maps grow, all else is replaced.
    func adding(_ later: FlagValue) -> FlagValue {
        switch (self, later) {
        case (.list(let first), .list(let second)): .list(first + second)
        case (.map(let first), .map(let second)): .map(first.merging(second) { $1 })
        default: later
        }
    }
}

/// What is wrong with the command line or a configuration file, in words for the person who wrote it.
package struct FlagProblem: Error, Equatable, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
