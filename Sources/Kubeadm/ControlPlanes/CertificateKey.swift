import Crypto
import Flags
import PKI

/// What the authorities' keys are encrypted with on their way from one control plane to the next: 32 bytes, AES-256-GCM, as upstream.
package struct CertificateKey: Sendable, Equatable {
    private static let bytesCount = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16

    /// 64 hexadecimal digits.
    let text: String
    private let bytes: [UInt8]

    static func random() -> CertificateKey {
        let bytes = RandomToken.bytes(bytesCount)
        return CertificateKey(bytes: bytes)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
        let digits = Array("0123456789abcdef")
        text = String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }

    /// - Returns: nil for a flag that is not given.
    /// - Throws: `FlagProblem` when it is no key.
    init?(flag text: String?) throws(FlagProblem) {
        guard let text else { return nil }
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard text.utf8.count == 2 * Self.bytesCount, digits.count == text.utf8.count else {
            throw FlagProblem("--certificate-key must be \(2 * Self.bytesCount) hexadecimal digits, as kubeadm certs certificate-key makes them")
        }
        self.init(bytes: stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }

    /// The nonce, the ciphertext and the tag.
    func seal(_ message: [UInt8]) throws -> [UInt8] {
        let box = try AES.GCM.seal(message, using: SymmetricKey(data: bytes), nonce: AES.GCM.Nonce(data: RandomToken.bytes(Self.nonceBytes)))
        return Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Nil when it was not sealed with this key.
    func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= Self.nonceBytes + Self.tagBytes else { return nil }
        guard
            let box = try? AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: sealed.prefix(Self.nonceBytes)),
                ciphertext: sealed[Self.nonceBytes..<(sealed.count - Self.tagBytes)], tag: sealed.suffix(Self.tagBytes)),
            let message = try? AES.GCM.open(box, using: SymmetricKey(data: bytes))
        else { return nil }
        return Array(message)
    }
}
