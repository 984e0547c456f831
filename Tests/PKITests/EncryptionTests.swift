import Testing

@testable import PKI

@Suite struct EncryptionTests {
    private func bytes(_ hex: String) -> [UInt8] {
        let digits = Array(hex.utf8)
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
    }

    /// The example that comes with NaCl.
    @Test func secretBoxIsNaCls() {
        let key = bytes("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389")
        let nonce = bytes("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37")
        let message = bytes(
            "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffce5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
                + "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
        )
        let box = bytes(
            "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
                + "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
                + "7973f622a43d14a6599b1f654cb45a74e355a5")
        #expect(SecretBox.seal(message, key: key, nonce: nonce) == box)
        #expect(SecretBox.open(box, key: key, nonce: nonce) == message)
        for index in [0, 15, 16, box.count - 1] {
            var changed = box
            changed[index] ^= 1
            #expect(SecretBox.open(changed, key: key, nonce: nonce) == nil)
        }
        #expect(SecretBox.open(Array(box.prefix(10)), key: key, nonce: nonce) == nil)
    }

    @Test(arguments: [(ValueCipher.Kind.aesgcm, 16), (.aesgcm, 32), (.aescbc, 24), (.aescbc, 32), (.secretbox, 32)])
    func valuesOpenWithTheirKeyAlone(kind: ValueCipher.Kind, length: Int) throws {
        let cipher = try ValueCipher(kind, name: "k1", key: RandomToken.bytes(length))
        let other = try ValueCipher(kind, name: "k1", key: RandomToken.bytes(length))
        #expect(cipher.prefix == "k8s:enc:\(kind.rawValue):v1:k1:")
        for size in [0, 1, 15, 16, 17, 63, 64, 65, 5000] {
            let value = RandomToken.bytes(size)
            let sealed = try cipher.seal(value, place: "/registry/secrets/a/b")
            #expect(cipher.open(sealed, place: "/registry/secrets/a/b") == value)
            #expect(try cipher.seal(value, place: "/registry/secrets/a/b") != sealed)
            if size > 0 { #expect(other.open(sealed, place: "/registry/secrets/a/b") != value) }
            // A value moved to another object.
            if kind == .aesgcm { #expect(cipher.open(sealed, place: "/registry/secrets/a/c") == nil) }
            #expect(cipher.open(Array(sealed.dropLast()), place: "/registry/secrets/a/b") != value)
        }
    }

    @Test(arguments: [(ValueCipher.Kind.aesgcm, 15), (.aescbc, 0), (.secretbox, 16), (.secretbox, 33)])
    func keysOfTheWrongLength(kind: ValueCipher.Kind, length: Int) {
        #expect(throws: PKIError.self) { _ = try ValueCipher(kind, name: "k", key: RandomToken.bytes(length)) }
    }
}
