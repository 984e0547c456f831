import Crypto
import JSON
import NIOHTTP1
import PKI
import Testing
import _CryptoExtras

@testable import APIServer

extension Attacks {
    /// Tokens that somebody made up, took from elsewhere or kept for too long. Each is a 401 that says nothing but that.
    @Suite struct TokenAttackTests {
        private static let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

        private func refused(_ whole: WholeServer, _ token: String, _ what: Comment) async throws {
            let reply = try await whole.call(.POST, Self.path, ["kind": "SelfSubjectReview"], headers: WholeServer.bearer(token))
            #expect(reply.status == 401, what)
            #expect(reply.json["message"]?.stringValue == "Unauthorized", what)
            // No hint of why, and never the token.
            #expect(reply.json["details"] == nil && !reply.text.contains(token), what)
        }

        /// A token whose parts a test writes.
        private func token(_ header: JSONValue, _ payload: String, sign: (String) throws -> [UInt8]) rethrows -> String {
            let message = "\(Base64URL.encode(header.serialized())).\(payload)"
            return "\(message).\(Base64URL.encode(try sign(message)))"
        }

        @Test func tokensThatNobodyShouldBelieve() async throws {
            try await WholeServer.with { whole in
                let good = try await whole.account("robot")
                let accepted = try await whole.call(.POST, Self.path, ["kind": "SelfSubjectReview"], headers: WholeServer.bearer(good))
                #expect(accepted.status == 201, "\(accepted.text)")
                let parts = good.split(separator: ".").map(String.init)
                let payload = parts[1]

                for algorithm in ["none", "None", "NONE", "nOnE", ""] {
                    try await refused(whole, token(["alg": .string(algorithm), "typ": "JWT"], payload) { _ in [] }, "alg \(algorithm)")
                    try await refused(
                        whole, "\(Base64URL.encode(#"{"alg":"\#(algorithm)"}"#.utf8.map { $0 })).\(payload).\(parts[2])", "alg \(algorithm), signed")
                }
                // The public key, which everybody may read, as the key of a symmetric signature.
                let keySet = try JSONValue(parsing: Array(whole.tokens.keySetJSON.utf8))
                let key = try #require(keySet["keys"]?[0])
                let secrets = [Array(whole.tokens.keySetJSON.utf8), key.serialized(), Array((key["x"]?.stringValue ?? "").utf8)]
                for secret in secrets {
                    for id in [key["kid"], nil] {
                        var header: JSONValue = ["alg": "HS256", "typ": "JWT"]
                        header["kid"] = id
                        let forged = token(header, payload) { message in
                            Array(HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: SymmetricKey(data: secret)))
                        }
                        try await refused(whole, forged, "the public key as a shared secret")
                    }
                }
                // A key of the attacker's own, in the header or behind an address in it.
                let own = P256.Signing.PrivateKey()
                for extra in ["jwk", "jku", "x5u", "x5c"] {
                    let forged = try token(["alg": "ES256", .init(stringLiteral: extra): "https://evil.example.com/keys"], payload) { message in
                        Array(try own.signature(for: Array(message.utf8)).rawRepresentation)
                    }
                    try await refused(whole, forged, "a key in the header: \(extra)")
                }
                // Other claims under a signature that is real.
                let claims = try #require(Base64URL.decode(payload[...]).flatMap { try? JSONValue(parsing: $0) })
                for (name, value) in [("sub", "system:serviceaccount:kube-system:admin"), ("exp", 4_000_000_000), ("aud", ["x"])]
                    as [(String, JSONValue)]
                {
                    var changed = claims
                    changed[name] = value
                    try await refused(whole, "\(parts[0]).\(Base64URL.encode(changed.serialized())).\(parts[2])", "another \(name)")
                }
                // Not quite tokens.
                for text in ["a.b.c", "..", good + ".", good + "x", String(good.dropLast(2)), "\(good) \(good)"] {
                    try await refused(whole, text, "not a token")
                }
                let long = String(repeating: "A", count: 50_000)
                let answer = try await whole.raw().say(
                    "GET /version HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(long)\r\nConnection: close\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 401"))
            }
        }

        /// An RSA key that everybody may read, in every form in which it is published, as the key of a symmetric signature.
        @Test func anRSAKeyAsASharedSecret() async throws {
            let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let pem = Array(key.pemRepresentation.utf8)
            let tokens = try ServiceAccountTokens(key: try KeyPair(pem: pem, what: "sa.key"), issuer: "https://kubernetes.default.svc.cluster.local")
            try await WholeServer.with({ $0.tokens = tokens }) { whole in
                let good = try await whole.account("robot")
                #expect(try await whole.call(.GET, "/version", headers: WholeServer.bearer(good)).status == 200)
                let parts = good.split(separator: ".").map(String.init)
                #expect(Base64URL.decode(parts[0][...]).map { String(decoding: $0, as: UTF8.self) }?.contains("RS256") == true)
                let published = try #require(try JSONValue(parsing: Array(tokens.keySetJSON.utf8))["keys"]?[0])
                for secret in [
                    Array(key.publicKey.pemRepresentation.utf8), Array((key.publicKey.pemRepresentation + "\n").utf8),
                    Array(key.publicKey.derRepresentation),
                    Array(key.publicKey.pkcs1DERRepresentation), published.serialized(), Array((published["n"]?.stringValue ?? "").utf8),
                ] {
                    let forged = token(["alg": "HS256", "kid": published["kid"] ?? nil], parts[1]) { message in
                        Array(HMAC<SHA256>.authenticationCode(for: Array(message.utf8), using: SymmetricKey(data: secret)))
                    }
                    try await refused(whole, forged, "the public key as a shared secret")
                }
            }
        }

        @Test func tokensOfElsewhereAndOfAnotherTime() async throws {
            try await WholeServer.with { whole in
                let good = try await whole.account("robot")
                let account = try await whole.call(.GET, "/api/v1/namespaces/default/serviceaccounts/robot", user: WholeServer.admin)
                let reference = ServiceAccountClaims.Reference(name: "robot", uid: try #require(account.json["metadata"]?["uid"]?.stringValue))
                let now = systemSeconds()
                func claims(from start: Int64, to end: Int64, audiences: [String]? = nil, uid: String? = nil) -> ServiceAccountClaims {
                    ServiceAccountClaims(
                        issuer: whole.tokens.issuer, audiences: audiences ?? whole.tokens.audiences, namespace: "default",
                        serviceAccount: .init(name: "robot", uid: uid ?? reference.uid), issuedAt: start, expires: end, id: "x")
                }
                // The same claims are believed when nothing is wrong with them.
                let own = try whole.tokens.sign(claims(from: now, to: now + 600))
                #expect(try await whole.call(.GET, "/version", headers: WholeServer.bearer(own)).status == 200)

                let elsewhere = try ServiceAccountTokens(key: .generate(), issuer: whole.tokens.issuer)
                try await refused(whole, try elsewhere.sign(claims(from: now, to: now + 600)), "another cluster of the same name")
                let other = try ServiceAccountTokens(key: .generate(), issuer: "https://kubernetes.default.svc.other")
                try await refused(whole, try other.sign(claims(from: now, to: now + 600)), "another cluster")
                try await refused(whole, try whole.tokens.sign(claims(from: now - 7200, to: now - 3600)), "expired")
                try await refused(whole, try whole.tokens.sign(claims(from: now + 3600, to: now + 7200)), "not valid yet")
                try await refused(whole, try whole.tokens.sign(claims(from: now, to: now + 600, audiences: ["vault"])), "another audience")
                try await refused(whole, try whole.tokens.sign(claims(from: now, to: now + 600, audiences: [])), "no audience")
                try await refused(
                    whole, try whole.tokens.sign(claims(from: now, to: now + 600, uid: "gone")), "an account of that name that was before")

                // A token that is bound to an object dies with it, at once, and does not come to life again with another of its name.
                let pod: JSONValue = [
                    "metadata": ["name": "x"], "spec": ["serviceAccountName": "robot", "containers": [["name": "c", "image": "i"]]],
                ]
                for (kind, path, object) in [
                    ("Node", "/api/v1/nodes", ["metadata": ["name": "x"]]),
                    ("Secret", "/api/v1/namespaces/default/secrets", ["metadata": ["name": "x"]]),
                    ("Pod", "/api/v1/namespaces/default/pods", pod),
                ] as [(String, String, JSONValue)] {
                    #expect(try await whole.call(.POST, path, object, user: WholeServer.admin).status == 201, "\(kind)")
                    let bound = try await whole.account(
                        "robot",
                        spec: ["expirationSeconds": 600, "boundObjectRef": ["kind": .string(kind), "apiVersion": "v1", "name": "x"]])
                    #expect(try await whole.call(.GET, "/version", headers: WholeServer.bearer(bound)).status == 200, "\(kind)")
                    let gone = try await whole.call(.DELETE, path + "/x?gracePeriodSeconds=0", user: WholeServer.admin)
                    #expect(gone.status == 200, "\(kind)")
                    try await refused(whole, bound, "bound to a \(kind) that is gone")
                    _ = try await whole.call(.POST, path, object, user: WholeServer.admin)
                    try await refused(whole, bound, "bound to a \(kind) that was before")
                }

                #expect(try await whole.call(.DELETE, "/api/v1/namespaces/default/serviceaccounts/robot", user: WholeServer.admin).status == 200)
                try await refused(whole, good, "of an account that is gone")
            }
        }
    }
}
