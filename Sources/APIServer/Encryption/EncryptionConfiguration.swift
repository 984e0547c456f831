import JSON
import PKI

/// Which resources are encrypted at rest, and how (apiserver.config.k8s.io/v1 `EncryptionConfiguration`).
package struct EncryptionConfiguration: Sendable {
    /// How values are written (the first) and may have been written (all). Nil among them: not encrypted at all.
    struct Providers: Sendable {
        var ciphers: [ValueCipher?]
    }

    struct Rule: Sendable {
        var resources: [String]
        var providers: Providers
    }

    private let rules: [Rule]

    /// Reads a configuration file, YAML or JSON.
    ///
    /// - Throws: `EncryptionConfigurationError` naming the field, never with a key in it.
    package init(yaml bytes: [UInt8]) throws(EncryptionConfigurationError) {
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
        for (index, json) in document.list("resources").enumerated() {
            let field = "resources[\(index)]"
            let resources = json.list("resources").compactMap(\.stringValue)
            if resources.isEmpty { throw EncryptionConfigurationError(field: "\(field).resources", problem: "must name at least one resource") }
            var ciphers: [ValueCipher?] = []
            for (number, provider) in json.list("providers").enumerated() {
                ciphers += try Self.ciphers(provider, "\(field).providers[\(number)]")
            }
            if ciphers.isEmpty { throw EncryptionConfigurationError(field: "\(field).providers", problem: "must hold at least one provider") }
            rules.append(Rule(resources: resources, providers: Providers(ciphers: ciphers)))
        }
        if rules.isEmpty { throw EncryptionConfigurationError(field: "resources", problem: "must hold at least one rule") }
        self.rules = rules
    }

    private static func ciphers(_ json: JSONValue, _ field: String) throws(EncryptionConfigurationError) -> [ValueCipher?] {
        guard let members = json.objectValue, members.count == 1, let (name, settings) = members.map({ ($0.key, $0.value) }).first else {
            throw EncryptionConfigurationError(field: field, problem: "must hold exactly one provider")
        }
        if name == "identity" { return [nil] }
        guard let kind = ValueCipher.Kind(rawValue: name) else {
            throw EncryptionConfigurationError(field: "\(field).\(name)", problem: "is not supported: use aesgcm, aescbc, secretbox or identity")
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
        return ciphers
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

extension EncryptionConfiguration.Providers {
    private static let mark = Array("k8s:enc:".utf8)

    /// The value as it is to be stored.
    func seal(_ value: [UInt8], place: String) throws(PKIError) -> [UInt8] {
        guard let first = ciphers.first, let cipher = first else { return value }
        return Array(cipher.prefix.utf8) + (try cipher.seal(value, place: place))
    }

    /// The value as it was, and whether it would be written otherwise today.
    func open(_ stored: [UInt8], place: String) throws(PKIError) -> (value: [UInt8], isStale: Bool) {
        guard stored.starts(with: Self.mark) else {
            guard ciphers.contains(where: { $0 == nil }) else {
                throw .malformed(what: place, reason: "it is not encrypted, and nothing in the configuration allows that")
            }
            return (stored, ciphers.first.map { $0 != nil } ?? false)
        }
        for (index, cipher) in ciphers.enumerated() {
            guard let cipher, stored.starts(with: Array(cipher.prefix.utf8)) else { continue }
            if let value = cipher.open(Array(stored[cipher.prefix.utf8.count...]), place: place) { return (value, index > 0) }
        }
        throw .malformed(what: place, reason: "no key in the configuration opens it")
    }
}
