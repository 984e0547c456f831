import JSON
package import KeyManagement
import PKI

/// Which resources are encrypted at rest, and how (apiserver.config.k8s.io/v1 `EncryptionConfiguration`).
package struct EncryptionConfiguration: Sendable {
    /// How values are written (the first) and may have been written (all).
    struct Providers: Sendable {
        var members: [EncryptionProvider]
    }

    /// Makes the way to a key management plug-in.
    package typealias Connect = (_ endpoint: String, _ timeout: Duration) throws -> any KeyManagementService

    struct Rule: Sendable {
        var resources: [String]
        var providers: Providers
    }

    private let rules: [Rule]
    /// Providers that have to ask somebody outside, each once.
    let envelopes: [EnvelopeProvider]

    /// Reads a configuration file, YAML or JSON.
    ///
    /// - Throws: `ConfigurationFileError` naming the field, never with a key in it.
    package init(
        yaml bytes: [UInt8], path: String, connect: Connect = { try KeyManagementClient(endpoint: $0, timeout: $1) }
    ) throws(ConfigurationFileError) {
        let root = try ConfigurationNode(
            yaml: bytes, file: path, kind: "EncryptionConfiguration", versions: ["apiserver.config.k8s.io/v1"])
        try root.allow("resources")
        var rules: [Rule] = []
        var envelopes: [String: EnvelopeProvider] = [:]
        for node in try root.children("resources") {
            try node.allow("resources", "providers")
            let resources = try node.strings("resources")
            if resources.isEmpty { throw node.error("resources", "must name at least one resource") }
            var members: [EncryptionProvider] = []
            for provider in try node.children("providers") { members += try Self.members(provider, &envelopes, connect) }
            if members.isEmpty { throw node.error("providers", "must hold at least one provider") }
            rules.append(Rule(resources: resources, providers: Providers(members: members)))
        }
        if rules.isEmpty { throw root.error("resources", "must hold at least one rule") }
        self.rules = rules
        self.envelopes = envelopes.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func members(
        _ node: ConfigurationNode, _ envelopes: inout [String: EnvelopeProvider], _ connect: Connect
    ) throws(ConfigurationFileError) -> [EncryptionProvider] {
        try node.allow("aesgcm", "aescbc", "secretbox", "identity", "kms")
        let names = ["aesgcm", "aescbc", "secretbox", "identity", "kms"].filter(node.has)
        guard names.count == 1, let settings = try node.child(names[0]) else { throw node.error("must hold exactly one provider") }
        switch names[0] {
        case "identity":
            try settings.allow()
            return [.identity]
        case "kms": return [.envelope(try envelope(settings, &envelopes, connect))]
        case let name: return try ciphers(settings, ValueCipher.Kind(rawValue: name))
        }
    }

    private static func envelope(
        _ node: ConfigurationNode, _ known: inout [String: EnvelopeProvider], _ connect: Connect
    ) throws(ConfigurationFileError) -> EnvelopeProvider {
        try node.allow("apiVersion", "name", "cachesize", "endpoint", "timeout")
        guard try node.string("apiVersion") == "v2" else {
            throw node.error("apiVersion", "must be v2: version 1 of the interface is not supported, as upstream advises against it")
        }
        let name = try node.string("name")
        if name.isEmpty || name.contains(":") { throw node.error("name", "must be there, without a colon") }
        if known[name] != nil { throw node.error("name", "the name \(name) is used by another kms provider") }
        if node.has("cachesize") { throw node.error("cachesize", "is not supported in version 2 of the interface") }
        let timeout = try node.duration("timeout") ?? .seconds(3)
        guard timeout > .zero else { throw node.error("timeout", "must be a positive duration such as 3s") }
        do {
            let provider = EnvelopeProvider(name: name, service: try connect(try node.string("endpoint"), timeout))
            known[name] = provider
            return provider
        } catch let error as ConfigurationFileError {
            throw error
        } catch {
            throw node.error("endpoint", "\(error)")
        }
    }

    private static func ciphers(
        _ node: ConfigurationNode, _ kind: ValueCipher.Kind?
    ) throws(ConfigurationFileError) -> [EncryptionProvider] {
        guard let kind else { throw node.error("is not supported") }
        try node.allow("keys")
        var ciphers: [ValueCipher] = []
        for key in try node.children("keys") {
            try key.allow("name", "secret")
            let name = try key.string("name")
            if name.isEmpty || name.contains(":") || ciphers.contains(where: { $0.name == name }) {
                throw key.error("name", "must be there, without a colon, and different from the others")
            }
            guard let bytes = Base64.decode(try key.string("secret")) else { throw key.error("secret", "must be base64") }
            do {
                ciphers.append(try ValueCipher(kind, name: name, key: bytes))
            } catch {
                throw key.error("secret", error.description)
            }
        }
        if ciphers.isEmpty { throw node.error("keys", "must hold at least one key") }
        return ciphers.map { .cipher($0) }
    }

    /// How the values of a resource are kept; nil: as they are. The first rule that names it decides.
    func providers(group: String, plural: String) -> Providers? {
        let whole = group.isEmpty ? plural : "\(plural).\(group)"
        return rules.first { rule in
            rule.resources.contains { $0 == whole || $0 == "*.*" || $0 == "*.\(group)" }
        }?.providers
    }
}
