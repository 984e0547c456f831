import Flags
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
    /// - Throws: `EncryptionConfigurationError` naming the field, never with a key in it.
    package init(
        yaml bytes: [UInt8], connect: Connect = { try KeyManagementClient(endpoint: $0, timeout: $1) }
    ) throws(EncryptionConfigurationError) {
        let document: JSONValue
        do {
            var issues: [String] = []
            document = try YAMLDocument.tree(bytes, issues: &issues)
        } catch {
            throw EncryptionConfigurationError(field: "", problem: "it is not YAML")
        }
        guard document.text("kind") == "EncryptionConfiguration", document.text("apiVersion") == "apiserver.config.k8s.io/v1" else {
            throw EncryptionConfigurationError(field: "kind", problem: "must be EncryptionConfiguration of apiserver.config.k8s.io/v1")
        }
        var rules: [Rule] = []
        var envelopes: [String: EnvelopeProvider] = [:]
        for (index, json) in document.list("resources").enumerated() {
            let field = "resources[\(index)]"
            let resources = json.list("resources").compactMap(\.stringValue)
            if resources.isEmpty { throw EncryptionConfigurationError(field: "\(field).resources", problem: "must name at least one resource") }
            var members: [EncryptionProvider] = []
            for (number, provider) in json.list("providers").enumerated() {
                let place = "\(field).providers[\(number)]"
                if let settings = provider["kms"], provider.objectValue?.count == 1 {
                    members.append(.envelope(try Self.envelope(settings, "\(place).kms", &envelopes, connect)))
                } else {
                    members += try Self.ciphers(provider, place)
                }
            }
            if members.isEmpty { throw EncryptionConfigurationError(field: "\(field).providers", problem: "must hold at least one provider") }
            rules.append(Rule(resources: resources, providers: Providers(members: members)))
        }
        if rules.isEmpty { throw EncryptionConfigurationError(field: "resources", problem: "must hold at least one rule") }
        self.rules = rules
        self.envelopes = envelopes.sorted { $0.key < $1.key }.map(\.value)
    }

    private static func envelope(
        _ json: JSONValue, _ field: String, _ known: inout [String: EnvelopeProvider], _ connect: Connect
    ) throws(EncryptionConfigurationError) -> EnvelopeProvider {
        let version = json.text("apiVersion")
        guard version == "v2" else {
            throw EncryptionConfigurationError(
                field: "\(field).apiVersion", problem: "must be v2: version 1 of the interface is not supported, as upstream advises against it")
        }
        let name = json.text("name")
        if name.isEmpty || name.contains(":") {
            throw EncryptionConfigurationError(field: "\(field).name", problem: "must be there, without a colon")
        }
        if known[name] != nil {
            throw EncryptionConfigurationError(field: "\(field).name", problem: "the name \(name) is used by another kms provider")
        }
        if json["cachesize"] != nil {
            throw EncryptionConfigurationError(field: "\(field).cachesize", problem: "is not supported in version 2 of the interface")
        }
        var timeout = Duration.seconds(3)
        if let text = json["timeout"]?.stringValue {
            guard let given = GoDuration.parse(text), given > .zero else {
                throw EncryptionConfigurationError(field: "\(field).timeout", problem: "must be a positive duration such as 3s")
            }
            timeout = given
        }
        do {
            let provider = EnvelopeProvider(name: name, service: try connect(json.text("endpoint"), timeout))
            known[name] = provider
            return provider
        } catch {
            throw EncryptionConfigurationError(field: "\(field).endpoint", problem: "\(error)")
        }
    }

    private static func ciphers(_ json: JSONValue, _ field: String) throws(EncryptionConfigurationError) -> [EncryptionProvider] {
        guard let members = json.objectValue, members.count == 1, let (name, settings) = members.map({ ($0.key, $0.value) }).first else {
            throw EncryptionConfigurationError(field: field, problem: "must hold exactly one provider")
        }
        if name == "identity" { return [.identity] }
        guard let kind = ValueCipher.Kind(rawValue: name) else {
            throw EncryptionConfigurationError(field: "\(field).\(name)", problem: "is not supported: use aesgcm, aescbc, secretbox, kms or identity")
        }
        var ciphers: [ValueCipher] = []
        for (index, key) in settings.list("keys").enumerated() {
            let place = "\(field).\(name).keys[\(index)]"
            let keyName = key.text("name")
            if keyName.isEmpty || keyName.contains(":") || ciphers.contains(where: { $0.name == keyName }) {
                throw EncryptionConfigurationError(field: "\(place).name", problem: "must be there, without a colon, and different from the others")
            }
            guard let bytes = Base64.decode(key.text("secret")) else {
                throw EncryptionConfigurationError(field: "\(place).secret", problem: "must be base64")
            }
            do {
                ciphers.append(try ValueCipher(kind, name: keyName, key: bytes))
            } catch {
                throw EncryptionConfigurationError(field: "\(place).secret", problem: error.description)
            }
        }
        if ciphers.isEmpty { throw EncryptionConfigurationError(field: "\(field).\(name).keys", problem: "must hold at least one key") }
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

/// A configuration of encryption that cannot be used, and where the reason is.
package struct EncryptionConfigurationError: Error, CustomStringConvertible {
    package var field: String
    package var problem: String
    package var description: String { "encryption configuration: " + (field.isEmpty ? problem : "\(field): \(problem)") }
}
