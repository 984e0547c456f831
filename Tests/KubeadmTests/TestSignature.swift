import Crypto
import JSON
import PKI

@testable import Kubeadm

/// The other side of what is checked: a cluster that signs its description.
enum TestSignature {
    static func make(_ content: [UInt8], token: BootstrapToken, algorithm: String = "HS256") -> String {
        let header = Base64URL.encode(Array(#"{"alg":"\#(algorithm)","kid":"\#(token.id)"}"#.utf8))
        let message = Array("\(header).\(Base64URL.encode(content))".utf8)
        let code = HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array(token.secret.utf8)))
        return "\(header)..\(Base64URL.encode(Array(code)))"
    }
}

/// A cluster's authority and description.
struct TestCluster {
    static let start: Int64 = 1_750_000_000
    static let server = "https://192.0.2.1:6443"

    let authority: CertificateAuthority
    let kubeconfig: String

    init(server: String = server) throws {
        authority = try CertificateAuthority.create(commonName: "kubernetes", now: Self.start, key: KeyPair.generate())
        kubeconfig = YAMLText.of([
            "clusters": [
                ["cluster": ["certificate-authority-data": .string(Base64.encode(try authority.certificate.pem())), "server": .string(server)]]
            ]
        ])
    }

    var hash: String { get throws { try AuthorityHash.of(authority.certificate) } }

    func info(_ tokens: [BootstrapToken], serverTime: Int64? = start) -> ClusterInfo {
        var info = ClusterInfo(data: ["kubeconfig": kubeconfig], serverTime: serverTime)
        for token in tokens { info.data["jws-kubeconfig-\(token.id)"] = TestSignature.make(Array(kubeconfig.utf8), token: token) }
        return info
    }
}
