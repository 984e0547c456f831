import JSON
import KubernetesAPI
import NIOHTTP1

/// Under which name a client's changes are kept.
enum FieldManagerName {
    static let bytesMax = 128
    /// For clients that say nothing about themselves.
    static let unknown = "unknown"
    /// Who has everything that was there when an object without managers was first applied to.
    static let beforeFirstApply = "before-first-apply"
    /// Who has what the oldest of too many updaters had.
    static let ancientChanges = "ancient-changes"
    /// The manager under which kubectl applies.
    static let kubectl = "kubectl"

    /// The manager that the request names, or the beginning of its user agent.
    static func of(_ request: APIRequest, _ options: WriteOptions) -> String {
        if !options.fieldManager.isEmpty { return options.fieldManager }
        guard let agent = request.headers.first(name: "User-Agent") else { return unknown }
        let name = prefix(of: agent)
        return name.isEmpty ? unknown : name
    }

    /// What stands before the first slash, without what can't be printed, cut to what a name may have.
    static func prefix(of agent: String) -> String {
        let end = agent.utf8.firstIndex(of: UInt8(ascii: "/")) ?? agent.endIndex
        let part = agent[..<end]
        if part.utf8.count <= bytesMax, part.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(part) }
        var name = ""
        for scalar in part.unicodeScalars where scalar.isPrintable {
            if name.utf8.count + UTF8.width(scalar) > bytesMax { break }
            name.unicodeScalars.append(scalar)
        }
        return name
    }

    /// What is wrong with a manager's name.
    static func check(_ name: String, _ path: FieldPath, _ errors: FieldErrors) {
        if name.utf8.count > bytesMax { errors.add(FieldError(.tooLong, path, "may not be more than \(bytesMax) bytes")) }
        var position = 0
        for scalar in name.unicodeScalars {
            if !scalar.isPrintable {
                let code = String(scalar.value, radix: 16, uppercase: true)
                let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
                errors.add(FieldError(.invalid, path, value: .string(name), "invalid character U+\(padded) (at position \(position))"))
            }
            position += UTF8.width(scalar)
        }
    }
}

extension Unicode.Scalar {
    /// Whether Go calls it printable: letters, marks, numbers, punctuation, symbols, and the plain space.
    fileprivate var isPrintable: Bool {
        if self == " " { return true }
        return switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
