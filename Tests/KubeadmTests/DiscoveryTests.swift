import Flags
import JSON
import PKI
import Testing

@testable import Kubeadm

@Suite("kubeadm join")
struct DiscoveryTests {
    static let hash = "sha256:" + String(repeating: "a", count: 64)

    private func settings(_ arguments: [String], endpoint: String = "192.0.2.1:6443") throws -> JoinSettings {
        try JoinSettings(FlagValues(JoinCommand.table, arguments: ["--node-ip=192.0.2.2"] + arguments), endpoint: endpoint)
    }

    @Test(
        arguments: [
            (["--token=abcdef.0123456789abcdef"], "--discovery-token-ca-cert-hash must be given"),
            (["--discovery-token-ca-cert-hash=\(hash)"], "--token must be given"),
            (["--token=abcdef.0123456789abcdef", "--discovery-token-ca-cert-hash=sha256:ab"], "must be sha256: and 64 hexadecimal digits"),
        ])
    func refused(_ arguments: [String], _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try settings(arguments) }
        #expect(problem?.description.contains(part) == true)
    }

    @Test func signaturesAreChecked() throws {
        let token = "abcdef.0123456789abcdef"
        let content = Array("kubeconfig".utf8)
        let header = DetachedJWS.encoded(Array(#"{"alg":"HS256","kid":"abcdef"}"#.utf8))
        let good = header + ".." + TestSignature.make(header: header, content: content, secret: "0123456789abcdef")
        #expect(DetachedJWS.isValid(good, content: content, token: token))
        #expect(!DetachedJWS.isValid(good, content: content + [0], token: token))
        #expect(!DetachedJWS.isValid(good, content: content, token: "abcdef.0123456789abcdee"))
        #expect(!DetachedJWS.isValid(good, content: content, token: "abcdeg.0123456789abcdef"))
        let none = DetachedJWS.encoded(Array(#"{"alg":"none","kid":"abcdef"}"#.utf8)) + ".."
        #expect(!DetachedJWS.isValid(none, content: content, token: token))
        #expect(!DetachedJWS.isValid("", content: content, token: token) && !DetachedJWS.isValid("a.b.c", content: content, token: token))
    }

    @Test func theAuthorityMustHaveTheDigest() throws {
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: 1_700_000_000, key: KeyPair.generate())
        let pem = try authority.certificate.pem()
        let kubeconfig = "clusters:\n- cluster:\n    certificate-authority-data: \(Base64.encode(pem))\n    server: https://192.0.2.1:6443\n"
        let header = DetachedJWS.encoded(Array(#"{"alg":"HS256","kid":"abcdef"}"#.utf8))
        let signature = header + ".." + TestSignature.make(header: header, content: Array(kubeconfig.utf8), secret: "0123456789abcdef")
        let info: JSONValue = ["data": ["kubeconfig": .string(kubeconfig)]]
        let token = "--token=abcdef.0123456789abcdef"
        let right = TestSignature.digest(try authority.certificate.publicKeyDER)
        let result = try Discovery(settings: settings([token, "--discovery-token-ca-cert-hash=\(right)"])).checked(info, signature)
        #expect(result.server == "https://192.0.2.1:6443" && result.authorityPEM == pem)
        #expect(throws: KubeadmError.self) {
            try Discovery(settings: settings([token, "--discovery-token-ca-cert-hash=\(Self.hash)"])).checked(info, signature)
        }
        #expect(throws: KubeadmError.self) {
            try Discovery(settings: settings(["--token=abcdef.fedcba9876543210", "--discovery-token-ca-cert-hash=\(right)"])).checked(info, signature)
        }
    }
}
