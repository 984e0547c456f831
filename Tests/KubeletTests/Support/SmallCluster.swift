import APIServer
import ContainerRuntime
import CoreV1
import FreePort
import Glibc
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Storage
import Testing

@testable import Kubelet

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// A real API server and the pod part of a node agent, over a runtime that only remembers.
struct SmallCluster: Sendable {
    let client: Client
    let runtime: FakeRuntime
    let registry: PodRegistry
    let services: NodeServices
    let authority: CertificateAuthority

    static func run(_ runtime: FakeRuntime, _ body: @escaping @Sendable (SmallCluster) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let pki = try ClusterPKI.ensure(directory: folder + "/pki", parameters: .init(serviceAddresses: ["10.96.0.1"]), now: Int64(time(nil)))
            let range = try #require(IPRange("10.96.0.0/16"))
            var configuration = try APIServerConfiguration(
                pki: pki, address: "127.0.0.1", port: try freePort(), advertiseAddress: "192.0.2.1", services: ServiceNetwork(ranges: [range]))
            configuration.eventLoops = 1
            let server = try APIServer(configuration: configuration, store: MemoryStore(), logger: quiet)
            let admin = Client(transport: server.transport(as: UserInfo(name: "admin", groups: ["system:masters"])), userAgent: "test")
            let own = Client(transport: server.transport(as: UserInfo(name: "system:node:node-1", groups: ["system:nodes"])), userAgent: "kubelet")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run() }
                group.addTask {
                    try await server.waitUntilReady()
                    _ = try await admin.create(
                        ServiceAccount {
                            $0.metadata.name = "default"
                            $0.metadata.namespace = "default"
                        })
                    try await agent(folder, own, admin, runtime, pki.authority, body)
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        }
    }

    private static func agent(
        _ folder: String, _ own: Client, _ admin: Client, _ runtime: FakeRuntime, _ authority: CertificateAuthority,
        _ body: @escaping @Sendable (SmallCluster) async throws -> Void
    ) async throws {
        var settings = KubeletConfiguration(nodeName: "node-1")
        let (certificate, key) = try authority.issue(
            .serving("system:node:node-1", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]), now: Int64(time(nil)))
        settings.tlsCertificate = try certificate.pem()
        settings.tlsPrivateKey = try key.pem()
        settings.clientCA = try authority.certificate.pem()
        settings.address = "127.0.0.1"
        settings.port = try freePort()
        settings.rootDirectory = folder + "/kubelet"
        settings.podLogsDir = folder + "/logs"
        settings.cgroupsPerQOS = false
        let configuration = settings
        let events = RecordedEvents(recorder: EventRecorder(client: admin, component: "kubelet"))
        let informers = InformerFactory(client: own, logger: quiet)
        let pods = informers.informer(Pod.self, fieldSelector: "spec.nodeName=node-1")
        let http = HTTPChecker()
        let facts = NodeFacts(name: "node-1", addresses: ["192.0.2.7"])
        let services = NodeServices(
            configuration: configuration, client: own, mirrors: MirrorPods(client: own, node: { nil }), runtime: runtime,
            images: ImageManager(images: runtime, events: events, time: .system),
            objects: ClientObjectSource(client: own), tokens: TokenManager(client: own, time: .system),
            volumes: VolumeManager(configuration: configuration, time: .system, logger: quiet),
            volumeSources: VolumeSourceWatcher(client: own, time: .system, logger: quiet),
            cgroups: CgroupManager(configuration: configuration, hierarchies: CgroupHierarchies(version: .v1, mounts: [:]), logger: quiet),
            events: events, http: http, time: .system, logger: quiet, node: { facts }, clusterServices: { [] }, networkProblem: { nil },
            hostResolver: ResolverConfiguration(), runtimeName: "containerd", oomScoreFloor: -1000)
        let registry = PodRegistry()
        let manager = PodManager(services: services, registry: registry, informer: pods, nodeObject: { nil })
        let watcher = RuntimeWatcher(
            runtime: runtime, source: runtime, registry: registry, manager: manager, period: .milliseconds(200), time: .system, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { parts in
            parts.addTask { try await informers.run() }
            parts.addTask { try await services.volumeSources.run() }
            parts.addTask { try await manager.run() }
            parts.addTask { try await watcher.run() }
            parts.addTask {
                try await body(SmallCluster(client: admin, runtime: runtime, registry: registry, services: services, authority: authority))
            }
            defer { parts.cancelAll() }
            try await parts.next()
        }
        try? await http.close()
    }

    /// The pod as soon as the condition holds; fails the test when it does not within half a minute.
    func pod(_ name: String, _ condition: (Pod) -> Bool) async throws -> Pod {
        var last: Pod?
        let watch = client.watch(Pod.self, namespace: "default", ListOptions(fieldSelector: "metadata.name=\(name)", timeoutSeconds: 30))
        for try await event in watch {
            switch event {
            case .added(let pod), .modified(let pod):
                last = pod
                if condition(pod) { return pod }
            default: continue
            }
        }
        Issue.record("the pod never got there: \(String(decoding: last?.status.jsonBytes() ?? [], as: UTF8.self))")
        throw KubeletError("timed out")
    }

    /// Returns when the pod is gone from the API.
    func goneFromAPI(_ name: String) async throws {
        let watch = client.watch(Pod.self, namespace: "default", ListOptions(fieldSelector: "metadata.name=\(name)", timeoutSeconds: 30))
        for try await event in watch {
            if case .deleted = event { return }
        }
        Issue.record("the pod was not deleted")
    }

    func create(_ name: String, _ change: (inout Pod) -> Void = { _ in }) async throws {
        _ = try await client.create(
            Pod {
                $0.metadata.name = name
                $0.metadata.namespace = "default"
                $0.spec.nodeName = "node-1"
                $0.spec.automountServiceAccountToken = false
                $0.spec.containers = [
                    Container {
                        $0.name = "app"
                        $0.image = "registry/app:1"
                    }
                ]
                change(&$0)
            })
    }
}

extension SmallCluster {
    /// Runs the agent's HTTPS server, which asks the API server who may do what.
    func withServer(_ body: @escaping @Sendable (KubernetesClient.ServerConnection, CertificateAuthority) async throws -> Void) async throws {
        let access = KubeletDelegatedAccess(client: services.client, node: "node-1", logger: quiet)
        let server = KubeletServer(
            services: services, registry: registry, authorizer: access.authorizer, authentication: access.authentication(),
            certificate: try ServingCertificate(services.configuration))
        var connection = KubernetesClient.ServerConnection(server: "https://127.0.0.1:\(services.configuration.port)")
        connection.certificateAuthority = .data(try authority.certificate.pem())
        let whole = connection
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { [authority] in
                try await server.waitUntilListening()
                try await body(whole, authority)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// A token of a new service account that may get these subresources of nodes.
    func token(_ name: String, may resources: [String]) async throws -> String {
        _ = try await client.create(
            ServiceAccount {
                $0.metadata.name = name
                $0.metadata.namespace = "default"
            })
        if !resources.isEmpty {
            let group = "/apis/rbac.authorization.k8s.io/v1"
            _ = try await client.post(
                path: "\(group)/clusterroles",
                [
                    "metadata": ["name": .string(name)],
                    "rules": [["apiGroups": [""], "resources": .array(resources.map { .string($0) }), "verbs": ["get"]]],
                ])
            _ = try await client.post(
                path: "\(group)/clusterrolebindings",
                [
                    "metadata": ["name": .string(name)],
                    "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": .string(name)],
                    "subjects": [["kind": "ServiceAccount", "namespace": "default", "name": .string(name)]],
                ])
        }
        let answer = try await client.post(
            path: "/api/v1/namespaces/default/serviceaccounts/\(name)/token",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": ["expirationSeconds": 600]])
        return try #require(answer["status"]?["token"]?.stringValue)
    }
}
