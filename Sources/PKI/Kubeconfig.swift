import Crypto
import FoundationEssentials

/// Writes kubeconfig files that hold everything in themselves: the authority's certificate and the user's certificate and key.
package struct KubeconfigFile: Sendable {
    /// Such as `https://10.0.0.1:6443`.
    package var server: String
    package var authorityPEM: [UInt8]
    package var user: String
    package var certificatePEM: [UInt8]
    package var keyPEM: [UInt8]
    package var cluster: String

    package init(
        server: String, authorityPEM: [UInt8], user: String, certificatePEM: [UInt8], keyPEM: [UInt8], cluster: String = "kubernetes"
    ) {
        self.server = server
        self.authorityPEM = authorityPEM
        self.user = user
        self.certificatePEM = certificatePEM
        self.keyPEM = keyPEM
        self.cluster = cluster
    }

    /// The file's text (YAML).
    package var text: String {
        Self.text(
            server, authorityPEM, user, cluster,
            """
                client-certificate-data: \(Self.base64(certificatePEM))
                client-key-data: \(Self.base64(keyPEM))
            """)
    }

    /// The text of such a file for a user with a token.
    package static func text(server: String, authorityPEM: [UInt8], user: String, token: String, cluster: String = "kubernetes") -> String {
        text(server, authorityPEM, user, cluster, "    token: \(token)")
    }

    private static func text(_ server: String, _ authorityPEM: [UInt8], _ user: String, _ cluster: String, _ credentials: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: \(cluster)
          cluster:
            certificate-authority-data: \(base64(authorityPEM))
            server: \(server)
        contexts:
        - name: \(user)@\(cluster)
          context:
            cluster: \(cluster)
            user: \(user)
        current-context: \(user)@\(cluster)
        preferences: {}
        users:
        - name: \(user)
          user:
        \(credentials)

        """
    }

    /// Keeps the file at `path` while it fits the server, authority and user and is not close to its end; else writes a new one with a new key.
    ///
    /// - Returns: whether it was written.
    @discardableResult
    package static func ensure(
        _ path: String, server: String, authority: CertificateAuthority, spec: CertificateSpec, now: Int64
    ) throws(PKIError) -> Bool {
        let authorityPEM = try authority.certificate.pem()
        if let bytes = try SecretFile.read(path),
            isUsable(String(decoding: bytes, as: UTF8.self), server: server, authority: authority, authorityPEM: authorityPEM, spec: spec, now: now)
        {
            return false
        }
        let (certificate, key) = try authority.issue(spec, now: now)
        let file = KubeconfigFile(
            server: server, authorityPEM: authorityPEM, user: spec.commonName, certificatePEM: try certificate.pem(), keyPEM: try key.pem())
        try SecretFile.write(Array(file.text.utf8), to: path)
        return true
    }

    /// The certificate of the user in a file of the form that `text` has; nil when there is no such file or it holds none.
    ///
    /// - Throws: `PKIError`.
    package static func clientCertificate(_ path: String) throws(PKIError) -> PEMCertificate? {
        try read(path)?.certificate
    }

    /// The certificate of the user with its key; nil when there is no such file, or it holds none, or those of several users.
    ///
    /// - Throws: `PKIError`.
    package static func read(_ path: String) throws(PKIError) -> (certificate: PEMCertificate, key: KeyPair)? {
        guard let bytes = try SecretFile.read(path) else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let certificate = only(certificateField, lines), let key = only(keyField, lines) else { return nil }
        return (try PEMCertificate(pem: certificate, what: path), try KeyPair(pem: key, what: path))
    }

    /// A file's text with another certificate and key for the user that ``read(_:)`` finds; all else stays.
    static func replacing(in text: String, certificatePEM: [UInt8], keyPEM: [UInt8]) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (field, value) in [(certificateField, certificatePEM), (keyField, keyPEM)] {
            guard let index = lines.firstIndex(where: { $0.drop { $0 == " " }.hasPrefix(field + " ") }) else { continue }
            lines[index] = lines[index].prefix { $0 == " " } + "\(field) \(base64(value))"
        }
        return lines.joined(separator: "\n")
    }

    private static let certificateField = "client-certificate-data:"
    private static let keyField = "client-key-data:"

    /// What the only line with a field holds; nil when there is none, or more than one.
    private static func only(_ field: String, _ lines: [Substring]) -> [UInt8]? {
        let values = lines.compactMap { line -> Substring? in
            let parts: [Substring] = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts.first.map(String.init) == field ? parts.last : nil
        }
        guard values.count == 1, let value = values.first, let data = Data(base64Encoded: String(value)) else { return nil }
        return Array(data)
    }

    private static func isUsable(
        _ text: String, server: String, authority: CertificateAuthority, authorityPEM: [UInt8], spec: CertificateSpec, now: Int64
    ) -> Bool {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            if parts.count == 2, let name = parts.first, name.hasSuffix(":") { values[String(name.dropLast())] = String(parts[1]) }
        }
        guard values["server"] == server, values["certificate-authority-data"] == base64(authorityPEM),
            let certificateData = values["client-certificate-data"].flatMap({ Data(base64Encoded: $0) }),
            let keyData = values["client-key-data"].flatMap({ Data(base64Encoded: $0) })
        else { return false }
        do {
            let files = CertificateFiles(
                certificate: try PEMCertificate(pem: Array(certificateData)), certificatePEM: Array(certificateData), keyPEM: Array(keyData),
                renewal: nil)
            return CertificateFiles.flaw(of: files, spec: spec, authority: authority.certificate, now: now) == nil
        } catch {
            return false
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
    }
}
