import FoundationEssentials
import Glibc
import JSON
import Logging
import NIOHTTP1
import Synchronization
import Testing

@testable import APIServer

/// Keeps events in memory.
final class AuditMemory: AuditSink {
    private let events = Mutex<[JSONValue]>([])
    var all: [JSONValue] { events.withLock { $0 } }

    func record(_ event: [UInt8]) {
        guard let json = try? JSONValue(parsing: event) else { return }
        events.withLock { $0.append(json) }
    }

    func flush() async {}
}

@Suite struct AuditTests {
    private static let policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        - level: None
          users: [quiet]
        - level: None
          nonResourceURLs: ["/healthz*", /version]
        - level: Metadata
          resources: [{group: "", resources: [secrets, configmaps]}]
        - level: RequestResponse
          omitManagedFields: true
          verbs: [create]
          namespaces: [loud]
        - level: Request
          resources: [{group: apps, resources: ["deployments/*", "*/status"]}]
        - level: Metadata
          omitStages: [ResponseStarted]
        """

    @Test(
        arguments: [
            ("quiet", "get", "secrets", "", "", "", AuditLevel.none),
            ("ana", "get", "secrets", "", "", "loud", .metadata),
            ("ana", "create", "pods", "", "", "loud", .requestResponse),
            ("ana", "create", "pods", "", "", "other", .metadata),
            ("ana", "update", "deployments", "scale", "apps", "", .request),
            ("ana", "update", "deployments", "", "apps", "", .request),
            ("ana", "update", "replicasets", "status", "apps", "", .request),
            ("ana", "update", "secrets", "status", "", "", .metadata),
        ] as [(String, String, String, String, String, String, AuditLevel)])
    func theFirstRuleThatFitsDecides(
        user: String, verb: String, resource: String, subresource: String, group: String, namespace: String, level: AuditLevel
    ) throws {
        let policy = try AuditPolicy(yaml: Array(Self.policy.utf8), path: "p.yaml")
        let attributes = AuthorizationAttributes(
            user: UserInfo(name: user), verb: verb, apiGroup: group, resource: resource, subresource: subresource, namespace: namespace)
        #expect(policy.verdict(attributes).level == level)
    }

    @Test func pathsAndStages() throws {
        let policy = try AuditPolicy(yaml: Array(Self.policy.utf8), path: "p.yaml")
        func verdict(_ path: String) -> AuditPolicy.Verdict {
            policy.verdict(AuthorizationAttributes(user: UserInfo(name: "ana"), verb: "get", isResourceRequest: false, path: path))
        }
        #expect(verdict("/healthz/ping").level == .none)
        #expect(verdict("/version").level == .none)
        #expect(verdict("/version/x").level == .metadata)
        #expect(verdict("/metrics").omitStages == [.requestReceived, .responseStarted])
    }

    @Test(arguments: [
        "kind: Policy", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: []", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Some}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, nonResourceURLs: [healthz]}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, nonResourceURLs: [/x], namespaces: [a]}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [Later]\nrules: [{level: None}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, resources: [{group: a, resourceNames: [x]}]}]", "[",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, user: [a]}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, resources: [{group: '', resource: [pods]}]}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrule: []\nrules: [{level: None}]",
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: None, users: ana}]",
    ])
    func policiesThatCannotBeUsed(text: String) {
        #expect(throws: ConfigurationFileError.self) { _ = try AuditPolicy(yaml: Array(text.utf8), path: "p.yaml") }
    }

    @Test func whatAnEventTells() throws {
        let memory = AuditMemory()
        let auditor = Auditor(policy: try AuditPolicy(yaml: Array(Self.policy.utf8), path: "p.yaml"), sinks: [memory], now: { 1_800_000_000_000_000 })
        let body: JSONValue = ["kind": "Pod", "metadata": ["name": "p", "managedFields": [["manager": "m"]]]]
        var request = APIRequest(
            method: "POST", path: "/api/v1/namespaces/loud/pods", headers: ["User-Agent": "kubectl", "Content-Type": "application/json"],
            body: body.serialized(), user: UserInfo(name: "ana", groups: ["devs"]), auditID: "id",
            connection: ClientConnection(remoteAddress: "192.0.2.7", certificate: .absent))
        request.info = try RequestInfo(method: request.method, path: request.path, query: request.query)
        let trail = try #require(auditor.begin(request))
        trail.annotate("a", "first")
        trail.annotate("a", "second")
        trail.impersonates(UserInfo(name: "bob"))
        trail.answered(status: 201, contentType: "application/json", body: body.serialized())
        #expect(memory.all.count == 1)
        let event = memory.all[0]
        #expect(event.text("stage") == "ResponseComplete")
        #expect(event.text("level") == "RequestResponse")
        #expect(event.text("user", "username") == "ana")
        #expect(event.text("impersonatedUser", "username") == "bob")
        #expect(event.list("sourceIPs").compactMap(\.stringValue) == ["192.0.2.7"])
        #expect(event.text("objectRef", "name") == "p")
        #expect(event.text("objectRef", "resource") == "pods")
        #expect(event.at("requestObject", "metadata", "managedFields") == nil)
        #expect(event.text("responseObject", "metadata", "name") == "p")
        #expect(event.number("responseStatus", "code") == 201)
        #expect(event.text("annotations", "a") == "first")
        #expect(event.text("requestReceivedTimestamp") == "2027-01-15T08:00:00.000000Z")
    }

    @Test func filesAreRotatedAndKeptToThemselves() async throws {
        let folder = "/tmp/apus-audit-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let clock = Mutex<Int64>(1_800_000_000_000_000)
        let log = try AuditLogFile(
            path: folder + "/audit.log", limits: .init(bytesMax: 100, backupsMax: 2),
            now: {
                clock.withLock {
                    $0 += 1_000_000; return $0
                }
            }, logger: Logger(label: "test"))
        for index in 0..<12 { log.record(Array(#"{"event":\#(index),"filler":"\#(String(repeating: "x", count: 30))"}"#.utf8)) }
        await log.flush()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.count == 3)
        #expect(names.last == "audit.log")
        let newest = String(decoding: try #require(FileManager.default.contents(atPath: folder + "/audit.log")), as: UTF8.self)
        #expect(newest.hasSuffix("\n"))
        #expect(newest.contains(#""event":11"#))
        var status = stat()
        #expect(stat(folder + "/audit.log", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
    }
}
