import KubernetesAPI

/// The rules for names and keys, each a function from a text to complaints in upstream's words. The rules that clients share are in KubernetesAPI.
enum NameRules {
    private static func alphanumeric(_ c: UInt8) -> Bool {
        switch c {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Names that end up as one segment of a URL path and have no other rule (RBAC).
    static func pathSegment(_ name: String) -> [String] {
        if name == "." || name == ".." { return ["may not be '\(name)'"] }
        var complaints: [String] = []
        for illegal in ["/", "%"] where name.contains(illegal) { complaints.append("may not contain '\(illegal)'") }
        return complaints
    }

    /// Keys of ConfigMaps and Secrets.
    static func configKey(_ key: String) -> [String] {
        var complaints: [String] = []
        if key.utf8.count > 253 { complaints.append("must be no more than 253 characters") }
        let legal = !key.isEmpty && key.utf8.allSatisfy { alphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        if !legal {
            complaints.append(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')")
        }
        if key == "." {
            complaints.append("must not be '.'")
        } else if key == ".." {
            complaints.append("must not be '..'")
        } else if key.hasPrefix("..") {
            complaints.append("must not start with '..'")
        }
        return complaints
    }

    /// Environment variables: any printable ASCII except `=`.
    static func environmentVariable(_ name: String) -> [String] {
        let legal = !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 <= 0x7E && $0 != UInt8(ascii: "=") }
        return legal ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    }

    /// Names of ports (IANA service names).
    static func portName(_ name: String) -> [String] {
        var complaints: [String] = []
        if name.utf8.count > 15 { complaints.append("must be no more than 15 characters") }
        let legal = { (c: UInt8) in
            (c >= UInt8(ascii: "a") && c <= UInt8(ascii: "z")) || (c >= UInt8(ascii: "0") && c <= UInt8(ascii: "9")) || c == UInt8(ascii: "-")
        }
        if !name.utf8.allSatisfy(legal) {
            complaints.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !name.utf8.contains(where: { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") }) {
            complaints.append("must contain at least one letter (a-z)")
        }
        if name.contains("--") { complaints.append("must not contain consecutive hyphens") }
        if name.hasPrefix("-") || name.hasSuffix("-") { complaints.append("must not begin or end with a hyphen") }
        return complaints
    }

    /// Names of sysctls, with dots or slashes.
    static func isSysctl(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 253 else { return false }
        let parts = name.utf8.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/") }
        return parts.allSatisfy { part in
            guard let first = part.first, let last = part.last, alphanumeric(first), alphanumeric(last) else { return false }
            return part.allSatisfy { ($0 < UInt8(ascii: "A") || $0 > UInt8(ascii: "Z")) && (alphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")) }
        }
    }
}
