import AsyncHTTPClient
import CoreV1
import FreePort
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import PKI
import Storage
import Synchronization
import Testing

@testable import APIServer

/// A whole API server, reached over TLS and from inside the process.
struct WholeServer: Sendable {
    let server: APIServer
    let port: Int
    let authority: CertificateAuthority
    let tokens: ServiceAccountTokens
    /// What a test would like to read itself.
    @TaskLocal static var logger: Logger?

    /// One that does not run yet.
    static func make(
        store: any Store = MemoryStore(), _ configure: (inout APIServerConfiguration) -> Void = { _ in }
    ) async throws -> WholeServer {
        let now = systemSeconds()
        let authority = try CertificateAuthority.create(commonName: "kubernetes", now: now)
        let (certificate, key) = try authority.issue(.serving("kube-apiserver", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: now)
        let (client, clientKey) = try authority.issue(.client(user: "kubelet-client", groups: ["system:masters"]), now: now)
        let tokens = try ServiceAccountTokens(key: .generate(), issuer: "https://kubernetes.default.svc.cluster.local")
        var logger = Self.logger ?? Logger(label: "test")
        if Self.logger == nil { logger.logLevel = .error }
        let port = try freePort()
        var configuration = APIServerConfiguration(
            address: "127.0.0.1", port: port, advertiseAddress: "192.0.2.1",
            serving: HTTPServerTLS(certificateChain: try certificate.pem(), privateKey: try key.pem()),
            clientAuthorities: [authority.certificate],
            kubelets: try BackendTLS(
                authorityPEM: try authority.certificate.pem(), certificatePEM: try client.pem(), keyPEM: try clientKey.pem()),
            tokens: tokens, services: ServiceNetwork(ranges: [try #require(IPRange("10.96.0.0/16"))]), eventLoops: 2)
        configure(&configuration)
        let server = try APIServer(configuration: configuration, store: store, logger: logger)
        return WholeServer(server: server, port: port, authority: authority, tokens: tokens)
    }

    static func with(
        store: any Store = MemoryStore(), _ configure: (inout APIServerConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (WholeServer) async throws -> Void
    ) async throws {
        let whole = try await make(store: store, configure)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await whole.server.run() }
            group.addTask {
                try await whole.server.waitUntilReady()
                try await body(whole)
            }
            // The server runs until it is cancelled; the body ends first.
            try await group.next()
            group.cancelAll()
            try? await group.waitForAll()
        }
    }

    struct Reply {
        let status: Int
        let headers: HTTPHeaders
        let json: JSONValue
        let text: String
    }

    /// A call over TLS with a client certificate of `user`, or without one.
    func call(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, user: CertificateSpec? = nil, headers: HTTPHeaders = [:]
    ) async throws -> Reply {
        guard let user else { return try await call(method, target, body, chain: [], key: [], headers: headers) }
        let (certificate, key) = try authority.issue(user, now: systemSeconds())
        return try await call(method, target, body, chain: try certificate.pem(), key: try key.pem(), headers: headers)
    }

    /// A call with any certificate and its key (PEM); with an empty one, none.
    func call(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, chain: [UInt8], key: [UInt8], headers: HTTPHeaders = [:]
    ) async throws -> Reply {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(try authority.certificate.pem()))
        if !chain.isEmpty {
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(tlsConfiguration: tls))
        defer { client.shutdown { _ in } }
        var request = HTTPClientRequest(url: "https://127.0.0.1:\(port)\(target)")
        request.method = method
        request.headers = headers
        if let body {
            if !headers.contains(name: "Content-Type") { request.headers.add(name: "Content-Type", value: "application/json") }
            request.body = .bytes(body.serialized())
        }
        let response = try await client.execute(request, timeout: .seconds(30))
        let bytes = Array(try await response.body.collect(upTo: 16 << 20).readableBytesView)
        let json: JSONValue
        do { json = try JSONValue(parsing: bytes) } catch { json = .null }
        return Reply(status: Int(response.status.code), headers: response.headers, json: json, text: String(decoding: bytes, as: UTF8.self))
    }

    static let admin = CertificateSpec.client(user: "kubernetes-admin", groups: ["system:masters"])
    static let ana = CertificateSpec.client(user: "ana")
}

@Suite struct APIServerTests {
    @Test func theWholeRoadOverTLS() async throws {
        try await WholeServer.with { whole in
            // Who are you?
            #expect(try await whole.call(.GET, "/version").json["gitVersion"]?.stringValue == "v1.36.3+apus.0.1.0")
            #expect(try await whole.call(.GET, "/readyz").text == "ok")
            let stranger = try await whole.call(.GET, "/api/v1/namespaces")
            #expect(stranger.status == 403)
            #expect(
                stranger.json["message"]?.stringValue
                    == #"namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope"#)
            let badToken = try await whole.call(.GET, "/version", headers: ["Authorization": "Bearer a.b.c"])
            #expect(badToken.status == 401)
            #expect(badToken.json["reason"]?.stringValue == "Unauthorized")
            #expect(try await whole.call(.GET, "/api/v1/namespaces", user: WholeServer.ana).status == 403)

            // What is there from the start.
            let namespaces = try await whole.call(.GET, "/api/v1/namespaces", user: WholeServer.admin)
            #expect(namespaces.status == 200)
            let names = namespaces.json["items"]?.arrayValue?.compactMap { $0["metadata"]?["name"]?.stringValue } ?? []
            #expect(names == ["default", "kube-node-lease", "kube-public", "kube-system"])
            let roles = try await whole.call(.GET, "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin", user: WholeServer.admin)
            #expect(roles.json["rules"]?[0]?["verbs"]?[0]?.stringValue == "*")

            // A write and a read.
            let made = try await whole.call(
                .POST, "/api/v1/namespaces/default/configmaps", ["metadata": ["name": "c"], "data": ["k": "v"]], user: WholeServer.admin)
            #expect(made.status == 201)
            let read = try await whole.call(.GET, "/api/v1/namespaces/default/configmaps/c", user: WholeServer.admin)
            #expect(read.json["data"]?["k"]?.stringValue == "v")
            #expect(try await whole.call(.GET, "/nowhere", user: WholeServer.admin).status == 404)
        }
    }

    @Test func reviewsAndTokens() async throws {
        try await WholeServer.with { whole in
            func mayList(_ spec: CertificateSpec, _ headers: HTTPHeaders = [:]) async throws -> Bool? {
                let review = try await whole.call(
                    .POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                    ["spec": ["resourceAttributes": ["verb": "list", "resource": "pods", "namespace": "default"]]], user: spec, headers: headers)
                #expect(review.status == 201, "\(review.text)")
                return review.json["status"]?["allowed"]?.boolValue
            }
            #expect(try await mayList(WholeServer.admin) == true)
            #expect(try await mayList(WholeServer.ana) == false)
            #expect(try await mayList(WholeServer.admin, ["Impersonate-User": "ana"]) == false)
            let refused = try await whole.call(.GET, "/version", user: WholeServer.ana, headers: ["Impersonate-User": "bob"])
            #expect(refused.status == 403)
            #expect(
                refused.json["message"]?.stringValue?.hasPrefix(#"users "bob" is forbidden: User "ana" cannot impersonate resource "users""#) == true)

            let binding: JSONValue = [
                "metadata": ["name": "b"], "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"],
                "subjects": [["kind": "ServiceAccount", "name": "robot", "namespace": "default"]],
            ]
            let bound = try await whole.call(
                .POST, "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding, user: WholeServer.admin)
            #expect(bound.status == 201, "\(bound.text)")
            #expect(
                try await whole.call(
                    .POST, "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "robot"]], user: WholeServer.admin
                ).status == 201)
            let request = try await whole.call(
                .POST, "/api/v1/namespaces/default/serviceaccounts/robot/token", ["spec": ["expirationSeconds": 600]], user: WholeServer.admin)
            #expect(request.status == 201, "\(request.text)")
            let token = try #require(request.json["status"]?["token"]?.stringValue)
            let bearer: HTTPHeaders = ["Authorization": "Bearer \(token)"]
            // The binding reaches the authorizer a moment after it is stored.
            var listed = try await whole.call(.GET, "/api/v1/namespaces/default/pods", headers: bearer)
            while listed.status == 403 {
                await Task.yield()
                listed = try await whole.call(.GET, "/api/v1/namespaces/default/pods", headers: bearer)
            }
            #expect(listed.status == 200, "\(listed.text)")
            #expect(try await whole.call(.GET, "/api/v1/namespaces/kube-system/pods", headers: bearer).status == 403)
            let who = try await whole.call(
                .POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews", ["kind": "SelfSubjectReview"], headers: bearer)
            #expect(who.json["status"]?["userInfo"]?["username"]?.stringValue == "system:serviceaccount:default:robot")
            let review = try await whole.call(
                .POST, "/apis/authentication.k8s.io/v1/tokenreviews", ["spec": ["token": .string(token)]], user: WholeServer.admin)
            #expect(review.json["status"]?["authenticated"]?.boolValue == true)

            // Without its account the token is worth nothing.
            #expect(
                try await whole.call(.DELETE, "/api/v1/namespaces/default/serviceaccounts/robot", user: WholeServer.admin).status == 200)
            #expect(try await whole.call(.GET, "/api/v1/namespaces/default/pods", headers: bearer).status == 401)
        }
    }

    @Test func nobodyHandsOutWhatTheyDoNotHold() async throws {
        try await WholeServer.with { whole in
            let roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
            func bind(_ role: String, _ name: String, as user: CertificateSpec) async throws -> WholeServer.Reply {
                try await whole.call(
                    .POST, "\(roles)/rolebindings",
                    [
                        "metadata": ["name": .string(name)],
                        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(role)],
                        "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "ana"]],
                    ], user: user)
            }
            #expect(try await bind("admin", "b", as: WholeServer.admin).status == 201)
            func makeRole(_ verb: String) async throws -> WholeServer.Reply {
                try await whole.call(
                    .POST, "\(roles)/roles",
                    ["metadata": ["name": "r"], "rules": [["verbs": [.string(verb)], "apiGroups": [""], "resources": ["pods"]]]],
                    user: WholeServer.ana)
            }
            var refused = try await makeRole("*")
            while refused.json["message"]?.stringValue?.contains("cannot create") == true {
                await Task.yield()
                refused = try await makeRole("*")
            }
            #expect(refused.status == 403)
            #expect(
                refused.json["message"]?.stringValue?.contains(
                    "is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"*\"]}") == true,
                "\(refused.text)")
            #expect(try await makeRole("get").status == 201)
            #expect(try await bind("view", "v", as: WholeServer.ana).status == 201)
            #expect(try await bind("cluster-admin", "c", as: WholeServer.ana).status == 403)
            #expect(try await bind("gone", "g", as: WholeServer.ana).status == 404)
        }
    }

    @Test func aKubeletKeepsToItsOwnNode() async throws {
        try await WholeServer.with { whole in
            let kubelet = CertificateSpec.client(user: "system:node:n1", groups: ["system:nodes"])
            for name in ["n1", "n2"] {
                #expect(try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": .string(name)]], user: WholeServer.admin).status == 201)
            }
            func patch(_ node: String) async throws -> WholeServer.Reply {
                try await whole.call(
                    .PATCH, "/api/v1/nodes/\(node)/status", ["status": ["phase": "Running"]], user: kubelet,
                    headers: ["Content-Type": "application/merge-patch+json"])
            }
            #expect(try await patch("n1").status == 200)
            let refused = try await patch("n2")
            #expect(refused.status == 403)
            #expect(refused.json["message"]?.stringValue == #"nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2""#)
            let lease = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
            #expect(try await whole.call(.POST, lease, ["metadata": ["name": "n1"]], user: kubelet).status == 201)
            #expect(try await whole.call(.POST, lease, ["metadata": ["name": "n2"]], user: kubelet).status == 403)
        }
    }

    @Test func discovery() async throws {
        try await WholeServer.with { whole in
            let admin = WholeServer.admin
            #expect(try await whole.call(.GET, "/api", user: admin).json["versions"]?[0]?.stringValue == "v1")
            let groups = try await whole.call(.GET, "/apis/", user: admin)
            let names = groups.json["groups"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
            #expect(names.contains("apps") && names.contains("authorization.k8s.io") && !names.contains(""))
            let apps = try await whole.call(.GET, "/apis/apps/v1", user: admin)
            let deployment = apps.json["resources"]?.arrayValue?.first { $0["name"]?.stringValue == "deployments" }
            #expect(deployment?["kind"]?.stringValue == "Deployment")
            #expect(deployment?["shortNames"]?[0]?.stringValue == "deploy")
            #expect(apps.json["resources"]?.arrayValue?.contains { $0["name"]?.stringValue == "deployments/scale" } == true)
            let core = try await whole.call(.GET, "/api/v1", user: admin)
            for name in ["pods/log", "pods/exec", "serviceaccounts/token", "nodes/proxy", "pods/binding"] {
                #expect(core.json["resources"]?.arrayValue?.contains { $0["name"]?.stringValue == name } == true, "\(name)")
            }
            let accept: HTTPHeaders = [
                "Accept": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
            ]
            let aggregated = try await whole.call(.GET, "/apis", user: admin, headers: accept)
            #expect(aggregated.json["kind"]?.stringValue == "APIGroupDiscoveryList")
            #expect(aggregated.headers.first(name: "content-type") == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
            #expect(aggregated.json["items"]?.arrayValue?.contains { $0["metadata"]?["name"]?.stringValue == "apps" } == true)
            let tag = try #require(aggregated.headers.first(name: "etag"))
            var again = accept
            again.add(name: "If-None-Match", value: tag)
            #expect(try await whole.call(.GET, "/apis", user: admin, headers: again).status == 304)
            #expect(try await whole.call(.GET, "/api", user: admin, headers: ["Accept": "text/html"]).status == 406)
        }
    }

    @Test func componentsInsideTheProcessHaveTheirOwnRights() async throws {
        try await WholeServer.with { whole in
            let admin = Client(
                transport: whole.server.transport(as: UserInfo(name: "admin", groups: ["system:masters"])), userAgent: "test")
            let scheduler = Client(transport: whole.server.transport(as: UserInfo(name: "system:kube-scheduler")), userAgent: "test")
            let made = try await admin.create(
                ConfigMap {
                    $0.metadata.name = "c"
                    $0.metadata.namespace = "default"
                })
            #expect(made.metadata.name == "c")
            #expect(try await scheduler.list(Node.self).items.isEmpty)
            await #expect(throws: APIStatusError.self) { try await scheduler.get(ConfigMap.self, "c", namespace: "default") }

            let first = Mutex<String?>(nil)
            let events = admin.watch(ConfigMap.self, namespace: "default", ListOptions(resourceVersion: made.metadata.resourceVersion))
            let watching = Task {
                for try await event in events {
                    if case .added(let object) = event { first.withLock { $0 = object.metadata.name } }
                    break
                }
            }
            _ = try await admin.create(
                ConfigMap {
                    $0.metadata.name = "d"
                    $0.metadata.namespace = "default"
                })
            try await watching.value
            #expect(first.withLock { $0 } == "d")
        }
    }
}
