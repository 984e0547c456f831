import JSON
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

/// What others ask the server: who may do what, and with which keys its tokens are checked.
@Suite struct ReviewsTests {
    private static let group = "/apis/authorization.k8s.io/v1"

    /// Who may view `default`, besides what everybody may.
    private func bind(_ whole: WholeServer, _ user: String) async throws {
        let binding: JSONValue = [
            "metadata": ["name": "b"], "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"],
            "subjects": [["kind": "User", "name": .string(user), "apiGroup": "rbac.authorization.k8s.io"]],
        ]
        let path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        #expect(try await whole.call(.POST, path, binding, user: WholeServer.admin).status == 201)
        // The binding reaches the authorizer a moment after it is stored.
        while try await whole.call(.GET, "/api/v1/namespaces/default/pods", user: .client(user: user)).status == 403 { await Task.yield() }
    }

    private static func pods(_ verb: String, _ namespace: String) -> JSONValue {
        ["verb": .string(verb), "resource": "pods", "namespace": .string(namespace)]
    }

    @Test func whoMayDoWhat() async throws {
        try await WholeServer.with { whole in
            try await bind(whole, "ana")
            let local = "namespaces/default/localsubjectaccessreviews"
            func ask(_ path: String, _ spec: JSONValue) async throws -> WholeServer.Reply {
                try await whole.call(.POST, "\(Self.group)/\(path)", ["spec": spec], user: WholeServer.admin)
            }
            for (path, user, group, verb, namespace, allowed) in [
                ("subjectaccessreviews", "ana", "", "list", "default", true), ("subjectaccessreviews", "ana", "", "delete", "default", false),
                ("subjectaccessreviews", "ana", "", "list", "kube-system", false), ("subjectaccessreviews", "bob", "", "list", "default", false),
                ("subjectaccessreviews", "bob", "system:masters", "delete", "default", true), (local, "ana", "", "list", "default", true),
                (local, "ana", "", "create", "default", false),
            ] {
                let spec: JSONValue = ["user": .string(user), "groups": [.string(group)], "resourceAttributes": Self.pods(verb, namespace)]
                let review = try await ask(path, spec)
                #expect(review.status == 201 && review.json["status"]?["allowed"]?.boolValue == allowed, "\(path) \(spec): \(review.text)")
            }
            let metrics: JSONValue = ["path": "/metrics", "verb": "get"]
            let ana: JSONValue = ["user": "ana"]
            let masters: JSONValue = ["groups": ["system:masters"]]
            func about(_ user: JSONValue, resource: JSONValue? = nil, path: JSONValue? = nil) -> JSONValue {
                var spec = user
                spec["resourceAttributes"] = resource
                spec["nonResourceAttributes"] = path
                return spec
            }
            for (user, allowed) in [(masters, true), (ana, false)] {
                let review = try await ask("subjectaccessreviews", about(user, path: metrics))
                #expect(review.json["status"]?["allowed"]?.boolValue == allowed, "\(review.text)")
            }
            // Questions that are none.
            let (here, elsewhere) = (Self.pods("list", "default"), Self.pods("list", "kube-system"))
            let nobody = JSONValue.object([:])
            for (path, spec) in [
                (local, about(ana, resource: elsewhere)), (local, about(ana, path: metrics)),
                ("subjectaccessreviews", about(nobody, resource: here)), ("subjectaccessreviews", ana),
                ("subjectaccessreviews", about(ana, resource: here, path: metrics)), ("selfsubjectaccessreviews", nobody),
            ] {
                let review = try await ask(path, spec)
                #expect(review.status == 422, "\(path) \(spec): \(review.text)")
            }
            // Others' rights are not everybody's business.
            let spec: JSONValue = ["user": "root", "resourceAttributes": Self.pods("list", "default")]
            for path in ["subjectaccessreviews", local] {
                #expect(try await whole.call(.POST, "\(Self.group)/\(path)", ["spec": spec], user: WholeServer.ana).status == 403)
            }
        }
    }

    @Test func everythingThatOneMayDo() async throws {
        try await WholeServer.with { whole in
            try await bind(whole, "ana")
            func rules(_ namespace: String) async throws -> JSONValue {
                let review = try await whole.call(
                    .POST, "\(Self.group)/selfsubjectrulesreviews", ["spec": ["namespace": .string(namespace)]], user: WholeServer.ana)
                #expect(review.status == 201, "\(review.text)")
                return review.json["status"] ?? [:]
            }
            func names(_ status: JSONValue, _ resource: JSONValue) -> Bool {
                status.list("resourceRules").contains { $0.list("resources").contains(resource) && $0.list("verbs").contains("list") }
            }
            let own = try await rules("default")
            #expect(names(own, "pods") && !names(own, "secrets") && own["incomplete"]?.boolValue == false)
            #expect(own.list("nonResourceRules").contains { $0.list("nonResourceURLs").contains("/healthz") })
            #expect(try await !names(rules("kube-system"), "pods"))
            let nowhere = try await whole.call(.POST, "\(Self.group)/selfsubjectrulesreviews", ["spec": [:]], user: WholeServer.ana)
            #expect(nowhere.status == 400)
        }
    }

    /// Somebody else who has only what is published checks a token as we do.
    @Test func keysForOthers() async throws {
        try await WholeServer.with { whole in
            let token = try await whole.account("robot")
            #expect(try await whole.call(.GET, "/openid/v1/jwks").status == 403)
            #expect(try await whole.call(.GET, "/.well-known/openid-configuration", user: WholeServer.ana).status == 403)
            let place = try await whole.call(.GET, "/.well-known/openid-configuration", headers: WholeServer.bearer(token))
            #expect(place.json["issuer"]?.stringValue == whole.tokens.issuer)
            let address = try #require(place.json["jwks_uri"]?.stringValue)
            #expect(address.hasPrefix("https://") && address.hasSuffix("/openid/v1/jwks"), "\(address)")
            let published = try await whole.call(.GET, "/openid/v1/jwks", headers: WholeServer.bearer(token))
            #expect(published.headers.first(name: "content-type") == "application/jwk-set+json")
            let keys = try JSONWebKeySet(Array(published.text.utf8))
            let parsed = try #require(JSONWebToken(token))
            #expect(keys.verify(parsed))
            #expect(place.json["id_token_signing_alg_values_supported"]?.arrayValue?.contains(.string(parsed.algorithm)) == true)
            #expect(parsed.claims["iss"]?.stringValue == whole.tokens.issuer)
            #expect(!published.text.contains("\"d\""))
            let stranger = try ServiceAccountTokens(key: .generate(), issuer: whole.tokens.issuer)
            #expect(try !JSONWebKeySet(Array(stranger.keySetJSON.utf8)).verify(parsed))
        }
    }
}
