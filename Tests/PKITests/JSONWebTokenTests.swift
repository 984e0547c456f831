import Crypto
import FoundationEssentials
import JSON
import Testing
import _CryptoExtras

@testable import PKI

@Suite struct JSONWebTokenTests {
    private func token(_ header: String, _ claims: String, _ sign: ([UInt8]) throws -> [UInt8]) rethrows -> String {
        let message = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        return message + "." + Base64URL.encode(try sign(Array(message.utf8)))
    }

    private func keySet(_ key: P256.Signing.PublicKey, _ more: String = "") throws -> JSONWebKeySet {
        let raw = Array(key.rawRepresentation)
        let (x, y) = (Base64URL.encode(Array(raw.prefix(32))), Base64URL.encode(Array(raw.suffix(32))))
        return try JSONWebKeySet(Array(#"{"keys":[{"kty":"EC","crv":"P-256","kid":"k","x":"\#(x)","y":"\#(y)"\#(more)}]}"#.utf8))
    }

    @Test func ellipticCurves() throws {
        let key = P256.Signing.PrivateKey()
        func sign(_ message: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation) }
        let keys = try keySet(key.publicKey)
        let good = try token(#"{"alg":"ES256","kid":"k"}"#, #"{"iss":"i"}"#, sign)
        let parsed = try #require(JSONWebToken(good))
        #expect(keys.verify(parsed))
        #expect(!keys.verify(parsed, allowed: ["RS256"]))
        #expect(parsed.claims["iss"]?.stringValue == "i")
        // The same signature under other headers.
        for header in [
            #"{"alg":"none","kid":"k"}"#, #"{"alg":"HS256","kid":"k"}"#, #"{"alg":"RS256","kid":"k"}"#, #"{"alg":"ES256","kid":"other"}"#,
            #"{"alg":"ES384","kid":"k"}"#,
        ] {
            let forged = try #require(JSONWebToken(try token(header, #"{"iss":"i"}"#, sign)))
            #expect(!keys.verify(forged), "\(header)")
        }
        // A public key used as the secret of a symmetric algorithm.
        let secret = SymmetricKey(data: key.publicKey.derRepresentation)
        let confused = token(#"{"alg":"HS256","kid":"k"}"#, #"{"iss":"i"}"#) { Array(HMAC<SHA256>.authenticationCode(for: $0, using: secret)) }
        #expect(!keys.verify(try #require(JSONWebToken(confused)), allowed: ["HS256", "ES256"]))
        #expect(!(try keySet(key.publicKey, #","use":"enc""#)).verify(parsed))
        #expect(!(try keySet(key.publicKey, #","alg":"ES384""#)).verify(parsed))
        #expect(!(try keySet(P256.Signing.PrivateKey().publicKey)).verify(parsed))
    }

    @Test func rsa() throws {
        let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        let numbers = try key.publicKey.getKeyPrimitives()
        let (n, e) = (Base64URL.encode(Array(numbers.modulus)), Base64URL.encode(Array(numbers.publicExponent)))
        let keys = try JSONWebKeySet(Array(#"{"keys":[{"kty":"RSA","n":"\#(n)","e":"\#(e)"},{"kty":"oct","k":"AAAA"}]}"#.utf8))
        for (algorithm, padding) in [("RS256", _RSA.Signing.Padding.insecurePKCS1v1_5), ("PS256", .PSS)] {
            let good = try token(#"{"alg":"\#(algorithm)"}"#, "{}") {
                Array(try key.signature(for: SHA256.hash(data: $0), padding: padding).rawRepresentation)
            }
            #expect(keys.verify(try #require(JSONWebToken(good))))
            let other = try token(#"{"alg":"\#(algorithm == "RS256" ? "PS256" : "RS256")"}"#, "{}") {
                Array(try key.signature(for: SHA256.hash(data: $0), padding: padding).rawRepresentation)
            }
            #expect(!keys.verify(try #require(JSONWebToken(other))))
        }
    }

    @Test(arguments: ["", "a", "a.b", "a.b.c", "e30.e30.", "e30.W10.AA", ".e30.", "eyJhbGciOiJFUzI1NiIsImNyaXQiOlsieCJdfQ.e30.AA"])
    func whatIsNoToken(text: String) {
        #expect(JSONWebToken(text) == nil)
    }

    @Test func legacyTokens() throws {
        let tokens = try ServiceAccountTokens(key: .generate(), issuer: "https://issuer", audiences: ["api"])
        let token = try tokens.signLegacy(namespace: "ns", account: .init(name: "sa", uid: "u"), secret: "s")
        #expect(tokens.hasOwnIssuer(token))
        let claims = try tokens.verify(token, audiences: ["api"], now: 1_800_000_000)
        #expect(claims.isLegacy)
        #expect(claims.secret?.name == "s")
        #expect(claims.subject == "system:serviceaccount:ns:sa")
        #expect(throws: PKIError.self) { try tokens.verify(token, audiences: ["vault"], now: 1_800_000_000) }
        let stranger = try ServiceAccountTokens(key: .generate(), issuer: "https://issuer", audiences: ["api"])
        #expect(throws: PKIError.self) { try stranger.verify(token, audiences: ["api"], now: 1_800_000_000) }
    }

    @Test func keysAndIssuersThatWereReplaced() throws {
        let (old, new) = (KeyPair.generate(), KeyPair.generate())
        let before = try ServiceAccountTokens(key: old, issuer: "https://old")
        let after = try ServiceAccountTokens(
            key: new, olderKeys: [try TokenVerificationKey(old)], issuer: "https://new", olderIssuers: ["https://old"],
            audiences: ["https://old", "https://new"])
        let claims = ServiceAccountClaims(
            issuer: "", audiences: ["https://old"], namespace: "n", serviceAccount: .init(name: "s", uid: "u"), issuedAt: 0, expires: 100, id: "i")
        #expect(try after.verify(try before.sign(claims), audiences: ["https://old"], now: 1).issuer == "https://old")
        #expect(throws: PKIError.self) { try before.verify(try after.sign(claims), audiences: ["https://old"], now: 1) }
    }
}
