import JSON
import Testing
import _CryptoExtras

@testable import PKI

@Suite struct TokenTests {
    private let now: Int64 = 1_800_000_000

    private func claims(expires: Int64, audiences: [String] = ["api"]) -> ServiceAccountClaims {
        ServiceAccountClaims(
            issuer: "", audiences: audiences, namespace: "default", serviceAccount: .init(name: "web", uid: "u1"), pod: .init(name: "p", uid: "u2"),
            node: .init(name: "n", uid: "u3"), issuedAt: now, expires: expires, id: "id1")
    }

    @Test(arguments: ["ec", "rsa"])
    func signAndVerify(kind: String) throws {
        let key = kind == "ec" ? KeyPair.generate() : try makeRSAKey()
        let tokens = try ServiceAccountTokens(key: key, issuer: "https://issuer", audiences: ["api"])
        let token = try tokens.sign(claims(expires: now + 600))
        let read = try tokens.verify(token, audiences: ["api"], now: now + 1)
        #expect(read.subject == "system:serviceaccount:default:web")
        #expect(read.pod == .init(name: "p", uid: "u2"))
        #expect(read.node?.name == "n")
        #expect(read.issuer == "https://issuer")
        #expect(read.expires == now + 600)
        // A reader that knows only the public key, as another API server would.
        let publicKey = try TokenVerificationKey(pem: try key.publicKeyPEM())
        let other = try ServiceAccountTokens(key: .generate(), olderKeys: [publicKey], issuer: "https://issuer", audiences: ["api"])
        #expect(try other.verify(token, audiences: ["api"], now: now).id == "id1")
        let keySet = try JSONValue(parsing: Array(tokens.keySetJSON.utf8))
        #expect(keySet["keys"]?[0]?["kid"]?.stringValue == publicKey.id)
    }

    @Test func whatDoesNotCount() throws {
        let key = KeyPair.generate()
        let tokens = try ServiceAccountTokens(key: key, issuer: "https://issuer", audiences: ["api"])
        let good = try tokens.sign(claims(expires: now + 600))
        let stranger = try ServiceAccountTokens(key: .generate(), issuer: "https://issuer", audiences: ["api"])
        let elsewhere = try ServiceAccountTokens(key: key, issuer: "https://elsewhere", audiences: ["api"])
        var parts = good.split(separator: ".").map(String.init)
        parts[1] = Base64URL.encode(Array(#"{"sub":"system:serviceaccount:kube-system:admin"}"#.utf8))
        let none = Base64URL.encode(Array(#"{"alg":"none"}"#.utf8)) + "." + good.split(separator: ".")[1] + "."
        let cases: [(token: String, audience: String, time: Int64, reason: String)] = [
            (good, "api", now + 600, "expired"),
            (good, "api", now - 120, "not valid yet"),
            (good, "other", now, "another audience"),
            (try stranger.sign(claims(expires: now + 600)), "api", now, "signature"),
            (try elsewhere.sign(claims(expires: now + 600)), "api", now, "another issuer"),
            (parts.joined(separator: "."), "api", now, "signature"),
            (none, "api", now, "signature"),
            ("a.b", "api", now, "form"),
            ("..", "api", now, "header"),
            (good + "x", "api", now, "signature"),
            ("", "api", now, "form"),
        ]
        for (token, audience, time, reason) in cases {
            #expect {
                try tokens.verify(token, audiences: [audience], now: time)
            } throws: { error in
                "\(error)".contains(reason) && !"\(error)".contains(good)
            }
        }
    }

    @Test func constantTimeComparison() {
        #expect(constantTimeEqual(Array("abc".utf8), Array("abc".utf8)))
        #expect(!constantTimeEqual(Array("abc".utf8), Array("abd".utf8)))
        #expect(!constantTimeEqual(Array("abc".utf8), Array("ab".utf8)))
        #expect(RandomToken.uuid() != RandomToken.uuid())
        #expect(RandomToken.alphanumeric(16).utf8.count == 16)
    }
}

/// An RSA key as upstream's tools make them.
func makeRSAKey() throws -> KeyPair {
    let pem = try _RSA.Signing.PrivateKey(keySize: .bits2048).pemRepresentation
    return try KeyPair(pem: Array(pem.utf8))
}
