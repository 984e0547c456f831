import Crypto

@testable import Kubeadm

/// The other side of what is checked.
enum TestSignature {
    static func make(header: String, content: [UInt8], secret: String) -> String {
        let message = Array("\(header).\(DetachedJWS.encoded(content))".utf8)
        return DetachedJWS.encoded(Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array(secret.utf8)))))
    }

    static func digest(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
