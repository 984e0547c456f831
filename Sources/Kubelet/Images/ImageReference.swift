/// The parts of an image's name that the node agent looks at. Resolving is the runtime's work.
struct ImageReference: Equatable, Sendable {
    /// The registry's host (and port), `docker.io` where the name has none.
    var registry: String
    /// Path in the registry.
    var repository: String
    var tag: String?
    var digest: String?

    /// - Throws: `KubeletError` in the words upstream uses for names that cannot be.
    init(_ text: String) throws {
        var rest = Substring(text)
        digest = nil
        tag = nil
        if let at = rest.lastIndex(of: "@") {
            let value = rest[rest.index(after: at)...]
            guard ImageReference.isDigest(value) else { throw KubeletError("invalid reference format") }
            digest = String(value)
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let value = rest[rest.index(after: colon)...]
            guard ImageReference.isTag(value) else { throw KubeletError("invalid reference format") }
            tag = String(value)
            rest = rest[..<colon]
        }
        registry = "docker.io"
        if let slash = rest.firstIndex(of: "/") {
            let first = rest[..<slash]
            if first.contains(".") || first.contains(":") || first == "localhost" || first.contains(where: \.isUppercase) {
                registry = String(first)
                rest = rest[rest.index(after: slash)...]
            }
        }
        repository = String(rest)
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false)
        guard !rest.isEmpty, rest.utf8.count <= 255 else { throw KubeletError("invalid reference format") }
        if rest.contains(where: \.isUppercase) {
            throw KubeletError("invalid reference format: repository name (\(rest)) must be lowercase")
        }
        guard parts.allSatisfy(ImageReference.isComponent) else { throw KubeletError("invalid reference format") }
    }

    /// The name with `:latest` where it has neither tag nor digest.
    static func withDefaultTag(_ text: String) throws -> String {
        let reference = try ImageReference(text)
        return reference.tag == nil && reference.digest == nil ? text + ":latest" : text
    }

    /// Whether the name stands for whatever is newest.
    static func isLatest(_ text: String) -> Bool {
        guard let reference = try? ImageReference(text) else { return false }
        return reference.digest == nil && (reference.tag ?? "latest") == "latest"
    }

    private static func isComponent(_ part: Substring) -> Bool {
        guard let first = part.utf8.first, let last = part.utf8.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last) else { return false }
        var separators: [UInt8] = []
        for byte in part.utf8 {
            if isLowerAlphanumeric(byte) {
                // One dot, one or two underscores, or any number of dashes.
                let isLegal =
                    separators.count <= 1 || separators.allSatisfy { $0 == UInt8(ascii: "-") }
                    || separators == [UInt8(ascii: "_"), UInt8(ascii: "_")]
                guard isLegal else { return false }
                separators = []
            } else if byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") {
                separators.append(byte)
            } else {
                return false
            }
        }
        return true
    }

    private static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return false }
        return text.utf8.allSatisfy { byte in
            isLowerAlphanumeric(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
        }
    }

    private static func isDigest(_ text: Substring) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 1)
        guard parts.count == 2, parts[1].utf8.count >= 32 else { return false }
        return parts[0].allSatisfy { $0.isLetter || $0.isNumber || "+._-".contains($0) } && parts[1].allSatisfy(\.isHexDigit)
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
