import Testing

@testable import PKI

/// A new signing key comes in three steps, and no token that counts stops counting on the way.
@Suite struct KeyRotationTests {
    private let now: Int64 = 1_800_000_000

    private func token(of tokens: ServiceAccountTokens) throws -> String {
        try tokens.sign(
            ServiceAccountClaims(
                issuer: "", audiences: ["api"], namespace: "default", serviceAccount: .init(name: "web", uid: "u"), issuedAt: now,
                expires: now + 600, id: "i"))
    }

    @Test(
        "Which server believes which token: before, the new key announced, signing with it, the old one gone",
        arguments: [
            (0, [true, true, false, false]), (1, [true, true, true, true]), (2, [true, true, true, true]), (3, [false, false, true, true]),
        ])
    func overlap(_ server: Int, _ expected: [Bool]) throws {
        let (old, new) = (KeyPair.generate(), KeyPair.generate())
        let steps = [
            try ServiceAccountTokens(key: old, issuer: "https://i", audiences: ["api"]),
            try ServiceAccountTokens(key: old, olderKeys: [TokenVerificationKey(new)], issuer: "https://i", audiences: ["api"]),
            try ServiceAccountTokens(key: new, olderKeys: [TokenVerificationKey(old)], issuer: "https://i", audiences: ["api"]),
            try ServiceAccountTokens(key: new, issuer: "https://i", audiences: ["api"]),
        ]
        let believed = try steps.map { step in
            let token = try token(of: step)
            return (try? steps[server].verify(token, audiences: ["api"], now: now)) != nil
        }
        #expect(believed == expected)
    }

    @Test func aFormerIssuerStillCounts() throws {
        let key = KeyPair.generate()
        let former = try ServiceAccountTokens(key: key, issuer: "https://former", audiences: ["api"])
        let new = try ServiceAccountTokens(key: key, issuer: "https://new", olderIssuers: ["https://former"], audiences: ["api"])
        #expect(try new.verify(try token(of: former), audiences: ["api"], now: now).issuer == "https://former")
        #expect(throws: PKIError.self) { try former.verify(try token(of: new), audiences: ["api"], now: now) }
    }

    @Test func keysOfAFile() throws {
        let (a, b) = (KeyPair.generate(), KeyPair.generate())
        let text = String(decoding: try a.pem(), as: UTF8.self) + "# a comment\n\n" + String(decoding: try b.publicKeyPEM(), as: UTF8.self)
        #expect(try TokenVerificationKey.all(pem: Array(text.utf8), what: "f").map(\.id) == [TokenVerificationKey(a).id, TokenVerificationKey(b).id])
        #expect(try TokenVerificationKey.all(pem: Array("nothing".utf8), what: "f").isEmpty)
        #expect(throws: PKIError.self) {
            try TokenVerificationKey.all(pem: Array("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n".utf8), what: "f")
        }
        // A key that is named twice counts once.
        let tokens = try ServiceAccountTokens(key: a, olderKeys: [TokenVerificationKey(a), TokenVerificationKey(b)], issuer: "https://i")
        #expect(tokens.keySetJSON.split(separator: "{").count == 3)
    }
}
