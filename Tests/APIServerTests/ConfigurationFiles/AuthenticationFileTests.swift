import Testing

@testable import APIServer

@Suite struct AuthenticationFileTests {
    private static func file(_ body: String, version: String = "v1") throws -> AuthenticationFile {
        let text = "apiVersion: apiserver.config.k8s.io/\(version)\nkind: AuthenticationConfiguration\n\(body)"
        return try AuthenticationFile(yaml: Array(text.utf8), path: "a.yaml", disallowedIssuers: ["https://own"])
    }

    @Test(arguments: ["v1", "v1beta1"])
    func everythingThatIsSupported(_ version: String) throws {
        let file = try Self.file(
            """
            jwt:
            - issuer:
                url: https://issuer.example.com
                discoveryURL: https://inside.example.com/.well-known/openid-configuration
                audiences: [kubernetes, other]
                audienceMatchPolicy: MatchAny
              claimValidationRules:
              - {claim: hd, requiredValue: example.com}
              claimMappings:
                username: {claim: email, prefix: "oidc:"}
                groups: {claim: roles, prefix: ""}
                uid: {claim: sub}
            - issuer: {url: "https://second", audiences: [x]}
              claimMappings: {username: {claim: sub, prefix: ""}}
            anonymous:
              enabled: true
              conditions: [{path: /livez}, {path: /readyz}]
            """, version: version)
        #expect(file.anonymous == .paths(["/livez", "/readyz"]))
        #expect(file.issuers.map(\.openID.issuer) == ["https://issuer.example.com", "https://second"])
        let first = file.issuers[0].openID
        #expect(first.discoveryURL == "https://inside.example.com/.well-known/openid-configuration" && first.audiences == ["kubernetes", "other"])
        #expect(first.usernameClaim == "email" && first.usernamePrefix == "oidc:" && first.requiredClaims == ["hd": "example.com"])
        #expect(first.groupsClaim == "roles" && first.groupsPrefix == "" && first.uidClaim == "sub" && first.algorithms.contains("PS512"))
        #expect(file.issuers[1].openID.effectivePrefix == "" && file.issuers[1].openID.groupsClaim == nil)
    }

    @Test(
        arguments: [("", nil), ("anonymous: {enabled: false}", .nowhere), ("anonymous: {enabled: true}", .everywhere)] as [(String, AnonymousAccess?)]
    )
    func anonymous(_ body: String, _ expected: AnonymousAccess?) throws {
        #expect(try Self.file(body).anonymous == expected)
    }

    private static let names = "claimMappings: {username: {claim: sub, prefix: \"\"}}"

    @Test(
        arguments: [
            ("jwt: [{}]", "jwt[0].issuer.url: Required value"),
            ("surprise: 1", "surprise: unknown field; there are jwt, anonymous"),
            ("jwt: {}", "jwt: must be a list"),
            (
                "jwt: [{issuer: {url: 'http://x', audiences: [a]}, \(names)}]",
                "jwt[0].issuer.url: Invalid value: \"http://x\": URL scheme must be https"
            ),
            (
                "jwt: [{issuer: {url: 'https://u:p@x', audiences: [a]}}]",
                "jwt[0].issuer.url: Invalid value: URL must not contain a username or password"
            ),
            (
                "jwt: [{issuer: {url: 'https://x?q', audiences: [a]}}]",
                "jwt[0].issuer.url: Invalid value: \"https://x?q\": URL must not contain a query"
            ),
            (
                "jwt: [{issuer: {url: 'https://own', audiences: [a]}}]",
                "jwt[0].issuer.url: URL must not overlap with disallowed issuers: [https://own]"
            ),
            (
                "jwt: [{issuer: {url: 'https://x', discoveryURL: 'https://x/', audiences: [a]}}]",
                "jwt[0].issuer.discoveryURL: discoveryURL must be different from URL"
            ),
            ("jwt: [{issuer: {url: 'https://x'}}]", "jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required"),
            ("jwt: [{issuer: {url: 'https://x', audiences: [a, a]}}]", "jwt[0].issuer.audiences[1]: Duplicate value: \"a\""),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a, b]}}]",
                "jwt[0].issuer.audienceMatchPolicy: Invalid value: \"\": audienceMatchPolicy must be MatchAny for multiple audiences"
            ),
            ("jwt: [{issuer: {url: 'https://x', audiences: [a]}}]", "jwt[0].claimMappings.username: Required value: claim or expression is required"),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a]}, claimMappings: {username: {claim: sub}}}]",
                "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing"
            ),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a]}, claimMappings: {username: {expression: 'claims.sub'}}}]",
                "jwt[0].claimMappings.username.expression: expressions (CEL) are not supported: name a claim"
            ),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a]}, \(names), userValidationRules: [{expression: 'true'}]}]",
                "jwt[0].userValidationRules[0].expression: expressions (CEL) are not supported: name a claim"
            ),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a]}, \(names), claimValidationRules: [{claim: a}, {claim: a}]}]",
                "jwt[0].claimValidationRules[1].claim: Duplicate value: \"a\""
            ),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a], certificateAuthority: nonsense}, \(names)}]",
                "jwt[0].issuer.certificateAuthority: Invalid value: it holds no certificate in PEM form"
            ),
            (
                "jwt: [{issuer: {url: 'https://x', audiences: [a]}, \(names)}, {issuer: {url: 'https://x', audiences: [a]}, \(names)}]",
                "jwt[1].issuer.url: Duplicate value: \"https://x\""
            ),
            (
                "anonymous: {enabled: false, conditions: [{path: /x}]}",
                "anonymous.conditions: enabled should be set to true when conditions are defined"
            ),
        ])
    func refusals(_ body: String, _ message: String) {
        let error = #expect(throws: ConfigurationFileError.self) { try Self.file(body) }
        #expect(error?.description == "a.yaml: \(message)")
    }

    @Test func anotherKindIsRefused() {
        #expect(throws: ConfigurationFileError.self) {
            try AuthenticationFile(yaml: Array("apiVersion: v1\nkind: Config\n".utf8), path: "a", disallowedIssuers: [])
        }
    }
}
