import Crypto
import Testing

@testable import KeyManagement

@Suite struct EnvelopeTests {
    private static let key = GuardedKey(ciphertext: [9, 8], keyID: "k1", annotations: ["a.example.com": [7], "b.example.com": []])

    @Test func theFormIsUpstreams() throws {
        // Fields 1 data, 2 key id, 3 source, 4 annotations, 5 kind of source.
        let expected: [UInt8] =
            [0x0a, 3, 1, 2, 3, 0x12, 2] + Array("k1".utf8) + [0x1a, 2, 9, 8, 0x22, 18, 0x0a, 13] + Array("a.example.com".utf8)
            + [0x12, 1, 7, 0x28, 1]
        var key = Self.key
        key.annotations = ["a.example.com": [7]]
        #expect(try Envelope(key: key, data: [1, 2, 3]).serialized() == expected)
        // Another annotation, and a field that nobody knows yet.
        let read = try Envelope(serialized: expected + [0x22, 15, 0x0a, 13] + Array("b.example.com".utf8) + [0x30, 1])
        #expect(read.key == Self.key && read.data == [1, 2, 3])
    }

    @Test(
        arguments: [
            ([], "1.28 and older"), ([0x28, 1], "the encrypted data are empty"), ([0x0a, 1, 1, 0x28, 1], "the encrypted key is empty"),
            ([0x0a, 1, 1, 0x1a, 1, 1, 0x28, 1], "the key's id is empty"), ([0x0a, 5, 1], "no protocol buffer message"),
            ([0xff, 0xff], "no protocol buffer message"), ([0x00], "no protocol buffer message"), ([0x0b], "no protocol buffer message"),
            ([UInt8](repeating: 0xff, count: 10) + [1], "no protocol buffer message"), ([0x0d, 1, 2], "no protocol buffer message"),
            ([0x22, 1, 0x0a], "no protocol buffer message"),
            ([0x0a, 1, 1, 0x12, 1, 0x41, 0x1a, 1, 1, 0x22, 3, 0x0a, 1, 0x62, 0x28, 1], "must be a fully qualified domain name"),
        ] as [([UInt8], String)])
    func malformed(_ bytes: [UInt8], _ words: String) {
        let error = #expect(throws: KeyManagementError.self) { try Envelope(serialized: bytes) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test func nothingFromOutsideTraps() throws {
        var generator = SystemRandomNumberGenerator()
        let good = try Envelope(key: Self.key, data: [1, 2, 3]).serialized()
        for _ in 0..<5000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) { bytes[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255) }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
            do { _ = try Envelope(serialized: bytes) } catch {}
        }
    }

    @Test func limitsOfKeys() {
        func problem(_ edit: (inout GuardedKey) -> Void) -> String? {
            var key = Self.key
            edit(&key)
            return key.problem
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.ciphertext = Array(repeating: 1, count: 1025) } != nil)
        #expect(problem { $0.keyID = String(repeating: "k", count: 1025) } != nil)
        #expect(problem { $0.annotations = ["a.b": Array(repeating: 1, count: 32 << 10)] } != nil)
    }

    @Test func seeds() throws {
        let seed = DataKeySeed()
        let value = Array("secret".utf8)
        let sealed = try seed.seal(value, place: "/a")
        // 32 bytes that make the key, 12 of the nonce, 16 of the tag.
        #expect(sealed.count == value.count + 60)
        #expect(try seed.open(sealed, place: "/a") == value)
        #expect(try seed.seal(value, place: "/a").prefix(32) != sealed.prefix(32))
        #expect(throws: (any Error).self) { try seed.open(sealed, place: "/b") }
        #expect(throws: (any Error).self) { try DataKeySeed().open(sealed, place: "/a") }
        #expect(throws: (any Error).self) { try seed.open(Array(sealed.dropLast()), place: "/a") }
        #expect(throws: (any Error).self) { try seed.open([], place: "/a") }
        #expect(try DataKeySeed(seed.secret).open(sealed, place: "/a") == value)
        #expect(throws: KeyManagementError.self) { try DataKeySeed([1, 2, 3]) }
    }

    /// As anybody else would derive it: HKDF-Expand with SHA-256, the random bytes as info.
    @Test func theKeyIsDerivedAsUpstreamDoes() throws {
        let secret = Array(repeating: UInt8(5), count: 32)
        let info = Array(repeating: UInt8(6), count: 32)
        // One block of RFC 5869's expansion: HMAC(secret, info || 1).
        let key = SymmetricKey(data: Array(HMAC<SHA256>.authenticationCode(for: info + [1], using: SymmetricKey(data: secret))))
        let box = try AES.GCM.seal([UInt8]("v".utf8), using: key, nonce: AES.GCM.Nonce(), authenticating: Array("/p".utf8))
        let stored = info + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        #expect(try DataKeySeed(secret).open(stored, place: "/p") == Array("v".utf8))
    }
}
