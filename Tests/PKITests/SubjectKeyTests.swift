import Crypto
import SwiftASN1
import Testing
import X509
import _CryptoExtras

@testable import PKI

@Suite struct SubjectKeyTests {
    private static let message = Array("5e0d2a1c-0c1f-4b43-9c40-6d2b7f0a1b2c".utf8)

    private func der(_ key: Certificate.PublicKey) throws -> [UInt8] { try key.serializeAsPEM().derBytes }

    private func check(_ key: Certificate.PublicKey, _ signature: [UInt8], bits: Int? = nil) throws {
        let subject = try SubjectKey(der: try der(key))
        #expect(subject.rsaBits == bits)
        #expect(subject.isSignature(signature, of: Self.message))
        #expect(!subject.isSignature(signature, of: Self.message + [0]))
        #expect(!subject.isSignature(Array(signature.dropLast()), of: Self.message))
        #expect(!subject.isSignature([], of: Self.message))
        #expect(throws: PKIError.self) { try SubjectKey(der: try der(key) + [0]) }
    }

    @Test func everyKindOfKeyProvesThatItIsHeld() throws {
        let digest = SHA256.hash(data: Self.message)
        let p256 = P256.Signing.PrivateKey()
        try check(.init(p256.publicKey), Array(try p256.signature(for: digest).derRepresentation))
        let p384 = P384.Signing.PrivateKey()
        try check(.init(p384.publicKey), Array(try p384.signature(for: digest).derRepresentation))
        let p521 = P521.Signing.PrivateKey()
        try check(.init(p521.publicKey), Array(try p521.signature(for: digest).derRepresentation))
        let ed = Curve25519.Signing.PrivateKey()
        try check(.init(ed.publicKey), Array(try ed.signature(for: Self.message)))
        let rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        try check(.init(rsa.publicKey), Array(try rsa.signature(for: digest, padding: .PSS).rawRepresentation), bits: 2048)
    }

    @Test func whatIsNoKey() {
        #expect(throws: PKIError.self) { try SubjectKey(der: []) }
        #expect(throws: PKIError.self) { try SubjectKey(der: [0x30, 0x00]) }
    }

    @Test func chains() throws {
        let authority = try CertificateAuthority.create(commonName: "a", now: 1_800_000_000)
        let (leaf, key) = try authority.issue(.client(user: "u"), now: 1_800_000_000)
        let (first, second) = (String(decoding: try leaf.pem(), as: UTF8.self), String(decoding: try authority.certificate.pem(), as: UTF8.self))
        let chain = try CertificateChain.read(pem: "a word before\n" + first + second)
        #expect(chain.map(\.commonName) == ["u", "a"])
        #expect(SubjectKey(of: leaf) == SubjectKey(of: try SigningRequest(pem: try SigningRequest.make(.client(user: "x"), key: key))))
        let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        #expect(throws: CertificateChain.Flaw.empty) { try CertificateChain.read(pem: "") }
        #expect(throws: CertificateChain.Flaw.unreadableLeaf) { try CertificateChain.read(pem: broken) }
        #expect(throws: CertificateChain.Flaw.unreadableIntermediate) { try CertificateChain.read(pem: first + broken) }
        let withKey = first + String(decoding: try key.publicKeyPEM(), as: UTF8.self)
        #expect(throws: CertificateChain.Flaw.otherBlock) { try CertificateChain.read(pem: withKey) }
    }
}
