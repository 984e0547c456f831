import JSON
import KubernetesClient
import Logging
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import APIServer

/// How events reach those who keep them.
@Suite struct AuditDeliveryTests {
    private static let policy = """
        apiVersion: audit.k8s.io/v1
        kind: Policy
        omitStages: [RequestReceived]
        rules:
        - level: Metadata
        """

    private static var quiet: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }

    private static func auditor(_ sinks: any AuditSink...) throws -> Auditor {
        Auditor(policy: try AuditPolicy(yaml: Array(policy.utf8), path: "p.yaml"), sinks: sinks, now: { TimeSource.system.wallMicroseconds() })
    }

    @Test("At the level Metadata an event names the object, also one that the server has named")
    func whichObject() async throws {
        let memory = AuditMemory()
        let options = AuditOptions(auditor: try Self.auditor(memory))
        try await WholeServer.with({ $0.audit = options }) { whole in
            let path = "/api/v1/namespaces/default/configmaps"
            let named = try await whole.call(.POST, path, ["metadata": ["name": "a"]], user: WholeServer.admin)
            let made = try await whole.call(.POST, path, ["metadata": ["generateName": "b-"]], user: WholeServer.admin)
            var change = named.json
            change["data"] = ["k": "v"]
            _ = try await whole.call(.PUT, path + "/a", change, user: WholeServer.admin)
            let references = memory.all.filter { $0.text("user", "username") == "kubernetes-admin" }.compactMap { $0["objectRef"] }
            let common: JSONValue = ["resource": "configmaps", "namespace": "default", "apiVersion": "v1"]
            func reference(_ members: (String, JSONValue?)...) -> JSONValue {
                members.reduce(into: common) { $0[$1.0] = $1.1 }
            }
            #expect(
                references == [
                    reference(("name", "a")), reference(("name", made.json.at("metadata", "name"))),
                    reference(
                        ("name", "a"), ("uid", named.json.at("metadata", "uid")),
                        ("resourceVersion", named.json.at("metadata", "resourceVersion"))),
                ])
            // What an event of this level does not hold.
            #expect(memory.all.allSatisfy { $0["requestObject"] == nil && $0["responseObject"] == nil })
        }
    }

    @Test("2022: who vouched for a user stands in the event")
    func theSourceOfAnIdentity() async throws {
        let memory = AuditMemory()
        let options = AuditOptions(auditor: try Self.auditor(memory))
        try await WholeServer.with({ $0.audit = options }) { whole in
            let token = try await whole.account("robot")
            _ = try await whole.call(.GET, "/version", user: WholeServer.ana)
            _ = try await whole.call(.GET, "/version", headers: WholeServer.bearer(token))
            func source(_ user: String) -> String {
                let event = memory.all.last { $0.text("user", "username") == user }
                return event?.at("user", "extra", "authentication.kubernetes.io/credential-id")?[0]?.stringValue ?? ""
            }
            #expect(source("ana").hasPrefix("X509SHA256=") && source("ana").utf8.count == 11 + 64)
            #expect(source("system:serviceaccount:default:robot").hasPrefix("JTI="))
        }
    }

    @Test func eventsThatAreTooLarge() async throws {
        let memory = AuditMemory()
        let lines = LogLines()
        let sink = AuditTruncation(memory, bytesMax: 500, logger: lines.logger)
        let filler = JSONValue.string(String(repeating: "x", count: 400))
        let small: JSONValue = ["auditID": "1", "requestObject": ["a": "b"]]
        sink.record(small.serialized())
        sink.record(
            (["auditID": "2", "requestObject": ["a": filler], "responseObject": ["b": filler], "annotations": ["k": "v"]] as JSONValue).serialized())
        sink.record((["auditID": "3", "userAgent": .string(String(repeating: "y", count: 500))] as JSONValue).serialized())
        #expect(memory.all == [small, ["auditID": "2", "annotations": ["k": "v", "audit.k8s.io/truncated": "true"]]])
        #expect(lines.text.contains("an audit event is lost") && lines.text.contains("auditID\": 3"), "\(lines.text)")
    }

    private static func batches(_ transport: ScriptedTransport) throws -> [[String]] {
        try transport.requests.map { try JSONValue(parsing: $0.body).list("items").map { $0.text("auditID") } }
    }

    @Test("Batches are full, or have waited, and are no larger than they may be")
    func batches() async throws {
        let transport = ScriptedTransport { _, _ in HTTPResponseData(status: 200, body: []) }
        let clock = ManualClock()
        var limits = AuditWebhook.Limits()
        limits.batchMax = 3
        limits.batchBytesMax = 100
        let webhook = AuditWebhook(transport: transport, path: "", limits: limits, time: clock.timeSource, logger: Self.quiet)
        for index in 0..<7 { webhook.record((["auditID": .string("\(index)")] as JSONValue).serialized()) }
        // One that is too large goes alone.
        for text in ["large", "8"] {
            webhook.record(
                (["auditID": .string(text), "filler": .string(String(repeating: "x", count: text == "8" ? 0 : 200))] as JSONValue).serialized())
        }
        await webhook.flush()
        #expect(try Self.batches(transport) == [["0", "1", "2"], ["3", "4", "5"], ["6"], ["large"], ["8"]])
    }

    @Test("At a clean stop every request that was answered is on record, in a file and at a server that takes batches")
    func nothingIsLostAtACleanStop() async throws {
        let transport = ScriptedTransport { _, count in
            // It is not always there.
            if count == 1 { throw TransportError(kind: .refused, server: "audit", cause: "not yet") }
            return HTTPResponseData(status: 200, body: [])
        }
        var limits = AuditWebhook.Limits()
        limits.batchMax = 7
        limits.wait = .seconds(3600)
        limits.initialBackoff = .zero
        let webhook = AuditWebhook(transport: transport, path: "", limits: limits, logger: Self.quiet)
        let memory = AuditMemory()
        let options = AuditOptions(auditor: try Self.auditor(webhook, memory), services: [webhook])
        let whole = try await WholeServer.make { $0.audit = options }
        let group = ServiceGroup(services: [whole.server], gracefulShutdownSignals: [], logger: Self.quiet)
        async let running: Void = group.run()
        try await whole.server.waitUntilReady()
        var answered: Set<String> = []
        for index in 0..<25 {
            let reply = try await whole.call(.GET, "/version?\(index)", user: WholeServer.admin)
            answered.insert(try #require(reply.headers.first(name: "Audit-Id")))
        }
        await group.triggerGracefulShutdown()
        try await running
        let sent = Set(try Self.batches(transport).joined())
        #expect(answered.count == 25 && sent.isSuperset(of: answered))
        #expect(sent == Set(memory.all.map { $0.text("auditID") }))
    }
}
