import JSON
import Testing

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
        let key = kind == "ec" ? KeyPair.generate() : try KeyPair(pem: Array(rsaKey.utf8))
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

let rsaKey = """
    -----BEGIN RSA PRIVATE KEY-----
    MIIEpAIBAAKCAQEAtrX16S2LAT1JaTABZZk6Hpc+aTZncoj8e+FVNaVEndpV/TED
    e8KzUb+BOiC8jHqOh/cBqkdyUSWgmpRmDVpBU/iWBD5D7RlgxTJcnbZTMGVjZcgH
    R5+mvLjq3iB0Gm0W06fgB4AV81Ulnq9YX8M1PPMv7mWhoeeYF6Ns8nWPTaJGgPaD
    zPL0+xbPwF6omIX3KGZUASw3czgWezna/GYNArLDn/Ly5/idRcTmdsI0aXkO5bYH
    RoJnfbmmhmp8jCGgfvRbZ7x5PZPNS0c0A/xvfqjXITfjLVy9ZJWKMackyD3L1/b1
    gOJs/HjVt0sgefkFLxRUYZPpcLCezs+4Mf2LhwIDAQABAoIBABHmF8iM3cdfIyAV
    rqquzOWZSGkTMNAkwPiRIFaohuUgh02jQxBD3cA+OUvMpYaXglCp2cpoxGH/BHw6
    2cJ+GynoOiir7DM/ygiXa0Dx+bVN1rkY/t7n3MmJI00OXdaxkCESRYfxPB/shp/E
    gAJQQ8NhnspFFNqhBE0bL+g9VwQHnNTxUJYX+qyVervBPF4QN94Q5vMeeB/B1uV9
    qOjE04ab4p6k/1IIVH5+cIZDefy1pY6CRwBPW+1+pBWCAA+WyaVV72XrP26Fozpz
    OLf/bR3rjXkc7JEBz9TTwE9YSdvrm2cYPtvN4xkOsz+MrVliuI59Dju7v9PdRIIb
    OXQuw10CgYEA/9nKiLauN63HHWc26vyrfoq6ANGxjUhyYrlVK9AYqjpiID+s8P/A
    tfTdeT/JT2Im6/3lzpkZg7BgfdjgYnp18NnB7/LXk/1nhTP5OBKCx/OEe4lD9VWT
    2QnmN51i0gPWnUSJWWtRbgbT56SQ4xFP5lSNbywbHLgwrowemAl5/5sCgYEAttE/
    Jw8KwGBfLNpWCVuvfUbKGpOKWiuLbSPZW3diCSJcicg9vdcjtnoaf4/nwjRHzg9a
    +9bD1yXacsdIGbMwEPXcCuZpHI1jC7Kk0S68gzX4ZNguZc0OhpWK8e7lugAOctiV
    leo/E/ZWOcqO0hxwIQuFekSDCBvozMOaYazvQIUCgYA+5Vx71WTovSi42rnOdMT3
    +8SUFPiwAcJU8Li2Z5bYqjebM+wg5s6KLKMRfpPPlxJ4a1dGPa7fB8oAxgMLUo2R
    4wZhJXLHp8D+JvO6TBqoav4DnI//TMVm0p8sxt0XQehNix60w8Ql5znKtVME7ymU
    Nu76CH61xbX6Auo2eAXsxwKBgQCbOprz8ErBxFKsBAvv0ED3D4eF/2cHX1f46Oqj
    RoAgn2ORvkvmiOmTBKTBUZCJDtk1d0Za9iW95i9RLDLlV4flrs0TGEeB7e9+vEZE
    M/nvM4FhJ0pmODIwRoP/H0lCoM+j5pFFBOxgZ9cZJQwWDf2LoXvJsKjN1tzaGPBa
    JXvU/QKBgQDNA7mv+24CBNOOZ3DCTgp5DMHh6zqPAhO1fwpfuE3G+4gG2TBONriV
    YejVzSGExk6yrQSX7oWAcEnVbIHDQPIjlRe0OnA6bqJi39fYIbS0RKidbPX4ti8+
    fMsAvOiGEFF9pgXy9ya+Yd+ILTp0SvfytZKO/Q6wqKDtepZSefEYWg==
    -----END RSA PRIVATE KEY-----
    """
