/// Rules for names, labels and the like. Each gives what is wrong with a value, in the words that clients know; nothing when it is valid.
package enum NameValidation {
    // MARK: DNS names

    package static func dns1123Label(_ value: String) -> [String] {
        if isPlainly(value, 63, isDNSLabel) { return [] }
        let bytes = Array(value.utf8)
        var problems = tooLong(bytes, 63)
        if !isDNSLabel(bytes[...]) {
            problems.append(
                isDNSSubdomain(bytes)
                    ? "must not contain dots"
                    : regexProblem(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
                        labelPattern, "my-name", "123-abc"))
        }
        return problems
    }

    package static func dns1123Subdomain(_ value: String) -> [String] {
        if isPlainly(value, 253, isDNSSubdomain) { return [] }
        let bytes = Array(value.utf8)
        var problems = tooLong(bytes, 253)
        if !isDNSSubdomain(bytes) { problems.append(subdomainProblem) }
        return problems
    }

    package static func dns1035Label(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        var problems = tooLong(bytes, 63)
        if !isDNSLabel(bytes[...]) || !bytes.first.map(isLower, or: false) {
            problems.append(
                regexProblem(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", "my-name", "abc-123"))
        }
        return problems
    }

    package static func wildcardDNS1123Subdomain(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        var problems = tooLong(bytes, 253)
        if !bytes.starts(with: "*.".utf8) || !isDNSSubdomain(Array(bytes.dropFirst(2))) {
            problems.append(
                regexProblem(
                    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                    #"\*\."# + subdomainPattern, "*.example.com"))
        }
        return problems
    }

    // MARK: Names as they stand in paths

    package static func pathSegmentName(_ name: String) -> [String] {
        if name == "." || name == ".." { return ["may not be '\(name)'"] }
        return pathSegmentPrefix(name)
    }

    package static func pathSegmentPrefix(_ name: String) -> [String] {
        ["/", "%"].filter { name.utf8.contains($0.utf8.first ?? 0) }.map { "may not contain '\($0)'" }
    }

    // MARK: Labels

    /// Of label keys, and of annotation keys once they are lower case.
    package static func qualifiedName(_ value: String) -> [String] {
        if isPlainly(value, 63 + 1 + 253, isQualifiedName) { return [] }
        let parts = Array(value.utf8).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        var problems: [String] = []
        let message = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        let name: [UInt8]
        switch parts.count {
        case 1:
            name = Array(parts[0])
        case 2:
            let prefix = Array(parts[0])
            name = Array(parts[1])
            if prefix.isEmpty {
                problems.append("prefix part must be non-empty")
            } else {
                if prefix.count > 253 { problems.append("prefix part must be no more than 253 bytes") }
                if !isDNSSubdomain(prefix) { problems.append("prefix part " + subdomainProblem) }
            }
        default:
            return [
                "a valid label key " + regexProblem(message, labelKeyPattern, "MyName", "my.name", "123-abc")
                    + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        if name.isEmpty {
            problems.append("name part must be non-empty")
        } else if name.count > 63 {
            problems.append("name part must be no more than 63 bytes")
        }
        if !isLabelName(name) { problems.append("name part " + regexProblem(message, labelKeyPattern, "MyName", "my.name", "123-abc")) }
        return problems
    }

    package static func labelValue(_ value: String) -> [String] {
        if value.isEmpty || isPlainly(value, 63, isLabelName) { return [] }
        let bytes = Array(value.utf8)
        var problems: [String] = []
        if bytes.count > 63 { problems.append("must be no more than 63 bytes") }
        if !bytes.isEmpty && !isLabelName(bytes) {
            problems.append(
                regexProblem(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                    "(" + labelKeyPattern + ")?", "MyValue", "my_value", "12345"))
        }
        return problems
    }

    // MARK: Other identifiers

    package static func cIdentifier(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        let valid =
            bytes.first.map({ isLetter($0) || $0 == UInt8(ascii: "_") }, or: false)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        return valid
            ? []
            : [
                regexProblem(
                    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
                    "[A-Za-z_][A-Za-z0-9_]*", "my_name", "MY_NAME", "MyName")
            ]
    }

    /// The rule for names of environment variables since it was relaxed: any printable ASCII but `=`.
    package static func environmentVariableName(_ value: String) -> [String] {
        if value.isEmpty { return ["environment variable name must be non-empty"] }
        return value.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "=") }
            ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    }

    /// The stricter rule, for `envFrom` without the relaxation.
    package static func strictEnvironmentVariableName(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        let valid = bytes.first.map({ isConfigByte($0) && !isDigit($0) }, or: false) && bytes.allSatisfy(isConfigByte)
        let problem = regexProblem(
            "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
            "[-._a-zA-Z][-._a-zA-Z0-9]*", "my.env-name", "MY_ENV.NAME", "MyEnvName1")
        return (valid ? [] : [problem]) + parentFolderProblems(value)
    }

    /// Of the keys in `data` of config maps and secrets.
    package static func configMapKey(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        var problems = tooLong(bytes, 253)
        if bytes.isEmpty || !bytes.allSatisfy(isConfigByte) {
            problems.append(
                regexProblem(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+", "key.name", "KEY_NAME",
                    "key-name"))
        }
        return problems + parentFolderProblems(value)
    }

    package static func httpHeaderName(_ value: String) -> [String] {
        !value.isEmpty && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            ? [] : [regexProblem("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name")]
    }

    package static func percent(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        return bytes.count > 1 && bytes.last == UInt8(ascii: "%") && bytes.dropLast().allSatisfy(isDigit)
            ? [] : [regexProblem("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")]
    }

    // MARK: Numbers

    package static func portNumber(_ port: Int64) -> [String] { inRange(port, 1, 65535) }

    /// Of the names of ports in pods and services (IANA service names).
    package static func portName(_ value: String) -> [String] {
        let bytes = Array(value.utf8)
        let hyphen = UInt8(ascii: "-")
        var problems = tooLong(bytes, 15)
        if bytes.isEmpty || !bytes.allSatisfy({ isLower($0) || isDigit($0) || $0 == hyphen }) {
            problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !bytes.contains(where: isLower) { problems.append("must contain at least one letter (a-z)") }
        if zip(bytes, bytes.dropFirst()).contains(where: { $0 == hyphen && $1 == hyphen }) { problems.append("must not contain consecutive hyphens") }
        if bytes.first == hyphen || bytes.last == hyphen { problems.append("must not begin or end with a hyphen") }
        return problems
    }

    package static func userID(_ id: Int64) -> [String] { inRange(id, 0, Int64(Int32.max)) }
    package static func groupID(_ id: Int64) -> [String] { inRange(id, 0, Int64(Int32.max)) }

    package static func inRange(_ value: Int64, _ low: Int64, _ high: Int64) -> [String] {
        value >= low && value <= high ? [] : ["must be between \(low) and \(high), inclusive"]
    }

    // MARK: generateName

    /// A `generateName` as the rules for names are to see it: its last dash will be followed by letters.
    package static func maskingTrailingDash(_ name: String) -> String {
        name.utf8.count > 1 && name.utf8.last == UInt8(ascii: "-") ? String(name.dropLast(2)) + "a" : name
    }
}

// MARK: What the rules are made of

extension NameValidation {
    private static let labelPattern = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let subdomainPattern = labelPattern + #"(\."# + labelPattern + ")*"
    private static let labelKeyPattern = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

    private static let subdomainProblem = regexProblem(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
        subdomainPattern, "example.com")

    private static func tooLong(_ bytes: [UInt8], _ limit: Int) -> [String] {
        bytes.count > limit ? ["must be no more than \(limit) characters"] : []
    }

    /// The form in which clients expect to be told of a pattern and of values that it accepts.
    private static func regexProblem(_ message: String, _ pattern: String, _ examples: String...) -> String {
        "\(message) (e.g. \(examples.map { "'\($0)', " }.joined(separator: " or "))regex used for validation is '\(pattern)')"
    }

    private static func parentFolderProblems(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["must not be '\(value)'"] }
        return value.utf8.starts(with: "..".utf8) ? ["must not start with '..'"] : []
    }

    private static func isLower(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }
    private static func isLetter(_ byte: UInt8) -> Bool { isLower(byte | 0x20) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
    private static func isConfigByte(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
    }

    private static func isDNSLabel(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.contains(UInt8(ascii: ".")) && bytes.withContiguousStorageIfAvailable(isDNSSubdomain) ?? isDNSSubdomain(Array(bytes))
    }

    private static func isDNSSubdomain(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer(isDNSSubdomain) }

    private static func isLabelName(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer(isLabelName) }

    // MARK: On bytes as they stand

    /// Whether a rule says yes to a value, found without copying it: nearly all values keep to their rules, and only others have to be talked about.
    private static func isPlainly(_ value: String, _ limit: Int, _ rule: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        value.utf8.withContiguousStorageIfAvailable { $0.count <= limit && rule($0) } ?? false
    }

    private static func isDNSLabel(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        !bytes.contains(UInt8(ascii: ".")) && isDNSSubdomain(bytes)
    }

    private static func isDNSSubdomain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        // As if a dot stood before the first label.
        var last = UInt8(ascii: ".")
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "."): if last == UInt8(ascii: ".") || last == UInt8(ascii: "-") { return false }
            case UInt8(ascii: "-"): if last == UInt8(ascii: ".") { return false }
            default: if !isLower(byte) && !isDigit(byte) { return false }
            }
            last = byte
        }
        return last != UInt8(ascii: ".") && last != UInt8(ascii: "-")
    }

    private static func isLabelName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy(isConfigByte)
    }

    private static func isQualifiedName(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")) else { return bytes.count <= 63 && isLabelName(bytes) }
        let prefix = UnsafeBufferPointer(rebasing: bytes[..<slash])
        let name = UnsafeBufferPointer(rebasing: bytes[(slash + 1)...])
        // A second slash is no part of a name.
        return prefix.count <= 253 && isDNSSubdomain(prefix) && name.count <= 63 && isLabelName(name)
    }
}

extension Optional {
    fileprivate func map<R>(_ transform: (Wrapped) -> R, or fallback: R) -> R { map(transform) ?? fallback }
}
