import JSON
import KubernetesClient
import Logging
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

@Suite struct AuthorizationModesTests {
    /// Answers reviews by a table of lines "user verb resource"; says nothing of all else.
    private static func mode(_ allowed: Set<String>, denied: Set<String> = []) -> AuthorizationMode {
        let transport = ScriptedTransport { request, _ in
            var review = try JSONValue(parsing: request.body)
            let spec = review["spec"] ?? [:]
            let what = spec["resourceAttributes"].map { "\($0.text("verb")) \($0.text("resource"))" } ?? "path"
            let line = "\(spec.text("user")) \(what)"
            if line.hasPrefix("broken ") { return HTTPResponseData(status: 400) }
            review["status"] = ["allowed": .bool(allowed.contains(line)), "denied": .bool(denied.contains(line))]
            return HTTPResponseData(status: 200, body: review.serialized())
        }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return .webhook(WebhookAuthorizer(transport: transport, logger: logger))
    }

    private static func spec(_ user: String) -> CertificateSpec { .client(user: user) }

    @Test func aWebhookDecides() async throws {
        let webhook = Self.mode(
            ["ana list pods", "ana create selfsubjectaccessreviews", "ana create selfsubjectrulesreviews", "eve list pods", "eve impersonate users"],
            denied: ["root list pods"])
        try await WholeServer.with({ $0.authorizationModes = [webhook] }) { whole in
            let pods = "/api/v1/namespaces/default/pods"
            #expect(try await whole.call(.GET, pods, user: Self.spec("ana")).status == 200)
            let refused = try await whole.call(.GET, "/api/v1/namespaces/default/secrets", user: Self.spec("ana"))
            #expect(refused.status == 403)
            #expect(
                refused.json.text("message")
                    == #"secrets is forbidden: User "ana" cannot list resource "secrets" in API group "" in the namespace "default""#)
            // Nobody knows: that is not a no.
            #expect(try await whole.call(.GET, pods, user: Self.spec("broken")).status == 500)
            // Whoever set the cluster up is never asked about.
            #expect(try await whole.call(.GET, pods, user: .client(user: "root", groups: ["system:masters"])).status == 200)

            // Reviews wait for the webhook, too.
            func may(_ verb: String) async throws -> Bool? {
                let body: JSONValue = ["spec": ["resourceAttributes": ["verb": .string(verb), "resource": "pods", "namespace": "default"]]]
                return try await whole.call(.POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body, user: Self.spec("ana"))
                    .json["status"]?["allowed"]?.boolValue
            }
            #expect(try await may("list") == true)
            #expect(try await may("delete") == false)
            let rules = try await whole.call(
                .POST, "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", ["spec": ["namespace": "default"]], user: Self.spec("ana"))
            #expect(rules.json["status"]?["incomplete"]?.boolValue == true)

            // So does acting as somebody else.
            let asAna: HTTPHeaders = ["Impersonate-User": "ana"]
            #expect(try await whole.call(.GET, pods, user: Self.spec("eve"), headers: asAna).status == 200)
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/secrets", user: Self.spec("eve"), headers: asAna).status == 403)
            #expect(try await whole.call(.GET, pods, user: Self.spec("ana"), headers: ["Impersonate-User": "eve"]).status == 403)
        }
    }

    @Test func admissionAsksTheWebhookToo() async throws {
        let webhook = Self.mode([
            "ana create clusterroles", "eve create clusterroles", "eve escalate clusterroles",
        ])
        try await WholeServer.with({ $0.authorizationModes = [webhook] }) { (whole: WholeServer) async throws -> Void in
            func make(_ user: String) async throws -> Int {
                try await whole.call(
                    .POST, "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                    [
                        "metadata": ["name": .string("made-by-\(user)")],
                        "rules": [["apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]]],
                    ], user: Self.spec(user)
                ).status
            }
            #expect(try await make("ana") == 403)
            #expect(try await make("eve") == 201)
        }
    }

    @Test(
        "The order counts: who denies before the roles are asked has decided",
        arguments: [
            (["RBAC", "Webhook"], "viewer", 200), (["Webhook", "RBAC"], "viewer", 403), (["Webhook", "RBAC"], "other", 403),
            (["Webhook", "RBAC"], "broken", 500), (["Webhook", "AlwaysAllow"], "broken", 200), (["AlwaysDeny"], "viewer", 403),
            (["AlwaysDeny", "AlwaysAllow"], "other", 200),
        ])
    func order(_ names: [String], _ user: String, _ status: Int) async throws {
        let webhook = Self.mode([], denied: ["viewer list pods"])
        let modes = names.map { $0 == "Webhook" ? webhook : AuthorizationMode(name: $0) ?? .alwaysDeny }
        try await WholeServer.with({ $0.authorizationModes = modes }) { whole in
            let bound = try await whole.call(
                .POST, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
                [
                    "metadata": ["name": "viewer"],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"],
                    "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "viewer"]],
                ], user: WholeServer.admin)
            #expect(bound.status == 201)
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/pods", user: Self.spec(user)).status == status)
        }
    }
}
