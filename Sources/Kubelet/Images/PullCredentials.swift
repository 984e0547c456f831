import ContainerRuntime
import CoreV1
import JSON
import KubernetesAPI

/// Registry credentials out of pull secrets.
struct PullCredentials: Sendable {
    private struct Entry: Sendable {
        /// Host, perhaps with port and path, without scheme.
        var pattern: String
        var auth: CRIAuthConfig
    }

    private var entries: [Entry] = []

    /// Adds what a secret of the types `kubernetes.io/dockerconfigjson` and `kubernetes.io/dockercfg` holds.
    /// - Throws: `KubeletError` for a secret that cannot be read; its content is not repeated.
    mutating func add(_ secret: Secret) throws {
        let name = secret.metadata.name ?? ""
        var auths: JSONValue?
        do {
            if let bytes = secret.data[".dockerconfigjson"] {
                auths = try JSONValue(parsing: bytes)["auths"]
            } else if let bytes = secret.data[".dockercfg"] {
                auths = try JSONValue(parsing: bytes)
            }
        } catch {
            throw KubeletError("the image pull secret \"\(name)\" is not valid JSON")
        }
        for (pattern, value) in auths?.objectValue ?? JSONObject() {
            var auth = CRIAuthConfig()
            auth.username = value["username"]?.stringValue ?? ""
            auth.password = value["password"]?.stringValue ?? ""
            auth.identityToken = value["identitytoken"]?.stringValue ?? ""
            if let encoded = value["auth"]?.stringValue, !encoded.isEmpty, let pair = Base64Text.decode(encoded) {
                let text = String(decoding: pair, as: UTF8.self)
                if let colon = text.firstIndex(of: ":") {
                    auth.username = String(text[..<colon])
                    auth.password = String(text[text.index(after: colon)...]).filter { $0 != "\0" }
                }
            }
            entries.append(Entry(pattern: PullCredentials.normalized(pattern), auth: auth))
        }
    }

    /// What may open the image's registry, the most specific first.
    func matching(_ image: String) -> [CRIAuthConfig] {
        guard let reference = try? ImageReference(image) else { return [] }
        return entries.filter { PullCredentials.matches($0.pattern, reference) }
            .sorted { $0.pattern.utf8.count > $1.pattern.utf8.count }
            .map(\.auth)
    }

    static func normalized(_ pattern: String) -> String {
        var text = Substring(pattern)
        for scheme in ["https://", "http://"] where text.hasPrefix(scheme) { text = text.dropFirst(scheme.count) }
        for version in ["/v1/", "/v2/", "/v1", "/v2"] where text.hasSuffix(version) {
            text = text.dropLast(version.count)
            break
        }
        while text.hasSuffix("/") { text = text.dropLast() }
        if text == "index.docker.io" || text == "registry-1.docker.io" { return "docker.io" }
        return String(text)
    }

    static func matches(_ pattern: String, _ reference: ImageReference) -> Bool {
        let parts = pattern.split(separator: "/", maxSplits: 1).map(String.init)
        guard let host = parts.first else { return false }
        if parts.count == 2 {
            let path = parts[1]
            guard reference.repository == path || reference.repository.hasPrefix(path + "/") else { return false }
        }
        return hostMatches(host, reference.registry)
    }

    /// `*` stands for one label of the host name (or a part of it); the port must be the same.
    private static func hostMatches(_ pattern: String, _ host: String) -> Bool {
        if pattern == host { return true }
        let (patternName, patternPort) = split(pattern)
        let (hostName, hostPort) = split(host)
        guard patternPort == hostPort else { return false }
        let wanted = patternName.split(separator: ".")
        let labels = hostName.split(separator: ".")
        guard wanted.count == labels.count else { return false }
        return zip(wanted, labels).allSatisfy { labelMatches(Array($0.utf8), Array($1.utf8)) }
    }

    private static func split(_ host: String) -> (Substring, Substring) {
        guard let colon = host.lastIndex(of: ":") else { return (host[...], "") }
        return (host[..<colon], host[host.index(after: colon)...])
    }

    private static func labelMatches(_ pattern: [UInt8], _ label: [UInt8]) -> Bool {
        guard let star = pattern.firstIndex(of: UInt8(ascii: "*")) else { return pattern == label }
        let head = pattern[..<star]
        let tail = pattern[(star + 1)...]
        return label.count >= head.count + tail.count && label.starts(with: head) && label.suffix(tail.count).elementsEqual(tail)
    }
}

/// Base64 with or without padding, as registries' tools write it.
enum Base64Text {
    static func decode(_ text: String) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for byte in text.utf8 {
            let value: UInt32
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(byte - UInt8(ascii: "A"))
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(byte - UInt8(ascii: "a")) + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(byte - UInt8(ascii: "0")) + 52
            case UInt8(ascii: "+"), UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "/"), UInt8(ascii: "_"): value = 63
            case UInt8(ascii: "="), UInt8(ascii: "\n"), UInt8(ascii: "\r"): continue
            default: return nil
            }
            bits = bits << 6 | value
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
                bits &= (1 << UInt32(count)) - 1
            }
        }
        return result
    }
}
