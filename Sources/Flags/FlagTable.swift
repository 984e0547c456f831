/// The settings of one component: its command line flags and the fields of its configuration file, as one table.
///
/// A table is text, one setting a line, in columns separated by white space:
///
///     [Serving]
///       tls-cert-file   string    -          tlsCertFile     PEM file with the serving certificate
///     ~ profiling       bool      true       -               serve profiles of Go programs
///     ! oidc-issuer-url string    -          -               OpenID Connect
///
/// mark, flag, type, default, field of the configuration file, help. `-` stands for "none". A line `[Name]` begins a group of `--help`.
package struct FlagTable: Sendable {
    /// What a setting means to us.
    package enum Standing: Sendable, Equatable {
        case used
        /// `~`: upstream has it, nothing here depends on it. It is accepted, and a log line says that it has no effect.
        case withoutEffect
        /// `!`: it would change what the component does, and the component does not do that. Anything but the default is refused.
        case unsupported
    }

    package struct Entry: Sendable {
        package let group: String
        package let standing: Standing
        /// Nil: only in the configuration file.
        package let flag: String?
        package let kind: FlagKind
        package let defaultText: String?
        /// The path in the configuration file, such as `authentication.webhook.enabled`; nil: only a flag.
        package let field: String?
        package let help: String

        /// What the setting is looked up by: its flag, or its field when it has no flag.
        package var key: String { flag ?? field ?? "" }
    }

    package let program: String
    package let summary: String
    package let entries: [Entry]
    private let byFlag: [String: Int]
    private let byField: [String: Int]

    /// - Parameter text: see the type. Lines that cannot be read are left out; the tests read all of them.
    package init(program: String, summary: String, text: String) {
        self.program = program
        self.summary = summary
        var group = ""
        var entries: [Entry] = []
        for line in (Self.common + text).split(separator: "\n") {
            if line.hasPrefix("[") {
                group = String(line.dropFirst().prefix { $0 != "]" })
            } else if let entry = Self.entry(line, group) {
                entries.append(entry)
            }
        }
        self.entries = entries
        byFlag = Dictionary(entries.enumerated().compactMap { index, entry in entry.flag.map { ($0, index) } }, uniquingKeysWith: { $1 })
        byField = Dictionary(entries.enumerated().compactMap { index, entry in entry.field.map { ($0, index) } }, uniquingKeysWith: { $1 })
    }

    /// Flags of every component.
    private static let common = """
        [Global]
          help                 bool      -     -   say what the flags are
          version              string    -     -   print the version and quit
          v                    int       0     -   how much to log: 0 what matters, 4 and more for debugging
        ~ vmodule              string    -     -   verbosity of single Go files
        ! logging-format       string    text  -   the form of log lines; only text is written
        ~ log-flush-frequency  duration  5s    -   lines are written at once
        ~ log-text-split-stream  bool    false -   all lines go to the error output
        ~ log-text-info-buffer-size string 0   -   lines are written at once
        ~ log-json-split-stream  bool    false -   all lines go to the error output
        ~ log-json-info-buffer-size string 0   -   lines are written at once

        """

    private static func entry(_ line: Substring, _ group: String) -> Entry? {
        var rest = line.drop { $0 == " " }
        var standing = Standing.used
        if rest.hasPrefix("~") { standing = .withoutEffect }
        if rest.hasPrefix("!") { standing = .unsupported }
        if standing != .used { rest = rest.dropFirst() }
        let columns = rest.split(separator: " ", maxSplits: 4, omittingEmptySubsequences: true)
        guard columns.count >= 4, let kind = FlagKind(rawValue: String(columns[1])) else { return nil }
        func optional(_ column: Substring) -> String? { column == "-" ? nil : String(column) }
        let help = columns.count > 4 ? String(columns[4].drop { $0 == " " }) : ""
        return Entry(
            group: group, standing: standing, flag: optional(columns[0]), kind: kind, defaultText: optional(columns[2]), field: optional(columns[3]),
            help: help)
    }

    package func entry(flag: String) -> Entry? { byFlag[flag].map { entries[$0] } }

    package func entry(field: String) -> Entry? { byField[field].map { entries[$0] } }

    /// Whether fields lie below this path.
    func hasFields(below path: String) -> Bool {
        entries.contains { $0.field?.hasPrefix(path + ".") ?? false }
    }

    /// The names of the fields directly below a path; "" for the top.
    func fields(below path: String) -> [String] {
        let prefix = path.isEmpty ? "" : path + "."
        var names: [String] = []
        for case let field? in entries.map(\.field) where field.hasPrefix(prefix) {
            let name = String(field.dropFirst(prefix.count).prefix { $0 != "." })
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    var flags: [String] { entries.compactMap(\.flag) }
}
