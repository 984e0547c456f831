import Crypto
import KubernetesClient
import PKI

/// The command by which a machine joins, as it can be pasted.
enum JoinLine {
    /// What the machine that joins becomes.
    enum Role {
        case worker
        /// With the key of ``SharedCertificates``; nil: not to be shown.
        case controlPlane(CertificateKey?)
    }

    /// - Parameters:
    ///   - kubeconfig: whose cluster is meant.
    ///   - token: nil: not to be shown.
    ///   - separator: what stands between the parts.
    /// - Throws: `KubeconfigError`; `KubeadmError` when it names no authority.
    static func text(kubeconfig path: String, token: BootstrapToken?, separator: String = " ", role: Role = .worker) throws -> String {
        let connection = try Kubeconfig.load(path: path).connection()
        let pem: [UInt8]?
        switch connection.certificateAuthority {
        case .data(let bytes): pem = bytes
        case .file(let file): pem = try SecretFile.read(file)
        case nil: pem = nil
        }
        guard let pem else { throw KubeadmError("\(path): the cluster has no certificate authority, which those who join must know") }
        let hashes = try PEMCertificate.all(pem: pem, what: path).map { "--discovery-token-ca-cert-hash " + (try AuthorityHash.of($0)) }
        let server = connection.server.drop { $0 != "/" }.drop { $0 == "/" }
        let line = "kubeadm join \(server) --token \(token?.text ?? "<value withheld>")\(separator)\(hashes.joined(separator: " ")) "
        guard case .controlPlane(let key) = role else { return line }
        return "\(line)\(separator.drop { $0 == " " })--control-plane --certificate-key \(key?.text ?? "<value withheld>") "
    }
}

/// The digest by which an authority is known: `sha256:` and that of its public key with its algorithm.
enum AuthorityHash {
    static func of(_ certificate: PEMCertificate) throws -> String {
        let digits = Array("0123456789abcdef")
        return "sha256:" + String(SHA256.hash(data: try certificate.publicKeyDER).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    static func isValid(_ text: String) -> Bool {
        text.hasPrefix("sha256:") && text.utf8.count == 71 && text.dropFirst(7).allSatisfy(\.isHexDigit)
    }
}
