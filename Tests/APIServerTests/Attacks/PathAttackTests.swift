import JSON
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

extension Attacks {
    /// Paths and names that are read in one way by who decides and in another by who answers, if they are not the same.
    @Suite struct PathAttackTests {
        private static let treasure = "eHl6enktNzczMQ"

        /// As sent, without a client that would tidy them up.
        private static let paths = [
            "/api/v1/namespaces/dev/../kube-system/secrets", "/api/v1/namespaces/dev/%2e%2e/kube-system/secrets",
            "/api/v1/namespaces/dev/%2E%2E%2Fkube-system/secrets", "/api/v1/namespaces/dev%2f..%2fkube-system/secrets/treasure",
            "/api/v1/namespaces/dev/secrets/../../kube-system/secrets/treasure",
            "/api/v1/namespaces/dev/secrets/%2e%2e%2f%2e%2e%2fkube-system%2fsecrets%2ftreasure",
            "/api/v1/namespaces/dev/secrets/..%2f..%2fkube-system%2ftreasure", "/api/v1/namespaces/dev/secrets/..",
            "/api/v1/namespaces/dev/secrets/%2e%2e",
            "/api/v1/namespaces/dev/secrets/.", "/api/v1/namespaces/dev/secrets/%2e", "/api/v1/namespaces/../secrets/treasure",
            "/api/v1/namespaces/%2e%2e/secrets", "/api/v1/namespaces/%2e/secrets/kube-system%2ftreasure", "/api/v1/namespaces//secrets/treasure",
            "/api/v1//namespaces/kube-system/secrets", "/api//v1/namespaces/kube-system/secrets", "//api/v1/namespaces/kube-system/secrets",
            "/api/v1/namespaces/dev//kube-system/secrets", "/api/v1/namespaces/dev/secrets//treasure", "/api/v1/./namespaces/kube-system/secrets",
            "/api/v1/namespaces/kube-system%2fsecrets", "/api/v1/namespaces/kube-system/secrets%2ftreasure",
            "/api/v1/namespaces/kube-system/%73ecrets/treasure",
            "/%61pi/v1/namespaces/kube-system/secrets/treasure", "/api/v1/namespaces/kube-system%00/secrets", "/api/v1/namespaces/dev/secrets/a%00b",
            "/api/v1/namespaces/dev/secrets/%zz", "/api/v1/namespaces/dev/secrets/%", "/api/v1/namespaces/dev/secrets/%c0%ae%c0%ae%c0%af",
            "/api/v1/namespaces/dev/secrets/%252e%252e%252fkube-system", "/api/v1/namespaces/dev/secrets;/kube-system",
            "/api/v1/namespaces/dev/secrets\\..\\kube-system",
            "/api/v1/namespaces/KUBE-SYSTEM/secrets", "/api/v1/namespaces/kube-system%20/secrets", "/API/v1/namespaces/kube-system/secrets",
            "/api/v1/watch/namespaces/kube-system/secrets", "/api/v1/proxy/namespaces/kube-system/services/x", "/api/v1/secrets",
            "/api/v1/namespaces/dev/pods/x/proxy/../../../../kube-system/secrets",
            "/api/v1/namespaces/dev/pods/x/../../../kube-system/secrets/treasure",
            "/api/../metrics", "/apis/../metrics", "/apis/%2e%2e/metrics", "/openapi/../metrics", "/openapi/%2e%2e/metrics", "/healthz/../metrics",
            "/version/../api/v1/namespaces/kube-system/secrets", "/healthz%2f..%2fmetrics", "/livez/%2e%2e/metrics", "/metrics", "/metrics/",
            "//metrics",
            "https://elsewhere.example.com/api/v1/namespaces/kube-system/secrets", "/api/v1/namespaces/kube-system/secrets#dev", "*",
        ]

        @Test func nobodyLeavesTheirNamespace() async throws {
            try await WholeServer.with { whole in
                let admin = WholeServer.admin
                _ = try await whole.call(.POST, "/api/v1/namespaces", ["metadata": ["name": "dev"]], user: admin)
                let made = try await whole.call(
                    .POST, "/api/v1/namespaces/kube-system/secrets",
                    ["metadata": ["name": "treasure"], "data": ["word": .string(Self.treasure + "==")]],
                    user: admin)
                #expect(made.status == 201, "\(made.text)")
                _ = try await whole.call(
                    .POST, "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings",
                    [
                        "metadata": ["name": "b"], "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"],
                        "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ana"]],
                    ], user: admin)
                let own = try await whole.settled(403) { try await whole.call(.GET, "/api/v1/namespaces/dev/secrets", user: WholeServer.ana) }
                #expect(own.status == 200)

                for user in [WholeServer.ana, nil] {
                    let requests = Self.paths.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
                    let last = "GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    let text = try await whole.raw(user: user).say(requests + last)
                    let answers = text.components(at: "HTTP/1.1 ")
                    #expect(answers.count == Self.paths.count + 1, "each is answered, and only once")
                    for (path, answer) in zip(Self.paths, answers) {
                        #expect(answer.hasPrefix("4"), "\(path): \(answer.prefix(400))")
                        #expect(!answer.contains(Self.treasure), "\(path)")
                        #expect(!answer.contains("apiserver_request"), "\(path)")
                    }
                    #expect(answers.last?.hasPrefix("200") == true)
                }
            }
        }

        /// Not even who may do everything makes or finds an object under a name that is no name.
        @Test func namesThatAreNone() async throws {
            try await WholeServer.with { whole in
                let admin = WholeServer.admin
                let names = [
                    "..", ".", "a/b", "../../kube-system/x", "%2e%2e", "a%2fb", "a\u{0}b", "A", "a b", "a\nb", "ä", "",
                    String(repeating: "a", count: 254),
                ]
                for name in names {
                    for (path, body) in [
                        ("/api/v1/namespaces", ["metadata": ["name": .string(name)]] as JSONValue),
                        ("/api/v1/namespaces/default/configmaps", ["metadata": ["name": .string(name)]]),
                        ("/api/v1/namespaces/default/configmaps", ["metadata": ["generateName": .string(name + "/")]]),
                        ("/api/v1/nodes", ["metadata": ["name": .string(name)]]),
                        (
                            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
                            ["metadata": ["name": .string(name.contains("/") || name.hasPrefix(".") ? name : name + "%")], "rules": []]
                        ),
                    ] {
                        let reply = try await whole.call(.POST, path, body, user: admin)
                        #expect((400..<500).contains(reply.status), "\(path) \(name.debugDescription): \(reply.status) \(reply.text.prefix(200))")
                    }
                }
                // The body may not contradict the path.
                for (path, body) in [
                    ("/api/v1/namespaces/default/configmaps", ["metadata": ["name": "c", "namespace": "kube-system"]] as JSONValue),
                    ("/api/v1/namespaces/default/configmaps", ["kind": "Secret", "apiVersion": "v1", "metadata": ["name": "c"]]),
                ] {
                    #expect(try await whole.call(.POST, path, body, user: admin).status == 400, "\(body)")
                }
                let paths = [
                    "/api/v1/namespaces/%2e%2e/configmaps/x", "/api/v1/namespaces/default/configmaps/%2e%2e",
                    "/api/v1/namespaces/default/configmaps/a%2fb",
                    "/api/v1/namespaces/default/configmaps/kube-root-ca.crt/status", "/api/v1/namespaces/default/configmaps/%2e%2e%2fkube-system",
                ]
                for path in paths {
                    for method in [HTTPMethod.GET, .DELETE] {
                        let reply = try await whole.call(method, path, user: admin)
                        #expect((400..<500).contains(reply.status), "\(method) \(path): \(reply.status) \(reply.text.prefix(200))")
                    }
                }
            }
        }
    }
}

extension String {
    /// The parts that each come after `mark`.
    fileprivate func components(at mark: String) -> [String] {
        var parts: [String] = []
        var current = ""
        for line in split(separator: "\n", omittingEmptySubsequences: false) {
            // A body without a line break at its end runs into the next answer.
            var rest = Substring(line)
            while let place = rest.firstRange(of: mark) {
                current += rest[..<place.lowerBound]
                parts.append(current)
                current = ""
                rest = rest[place.upperBound...]
            }
            current += rest + "\n"
        }
        parts.append(current)
        return Array(parts.dropFirst())
    }
}
