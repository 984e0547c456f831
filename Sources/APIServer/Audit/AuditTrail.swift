import JSON
import KubernetesAPI
import NIOHTTP1
import Synchronization

/// Takes finished audit events, each the bytes of one JSON object without a line break. Must not block.
package protocol AuditSink: Sendable {
    func record(_ event: [UInt8])
    /// Returns when everything recorded so far is where it belongs.
    func flush() async
}

/// Begins the trail of every request that the policy wants recorded.
package struct Auditor: Sendable {
    private let policy: AuditPolicy
    private let sinks: [any AuditSink]
    /// Microseconds since 1970.
    private let now: @Sendable () -> Int64

    package init(policy: AuditPolicy, sinks: [any AuditSink], now: @escaping @Sendable () -> Int64) {
        self.policy = policy
        self.sinks = sinks
        self.now = now
    }

    /// Nil when nothing of the request is to be recorded. `request.user` is who asks, before impersonation.
    func begin(_ request: APIRequest) -> AuditTrail? {
        let verdict = policy.verdict(AuthorizationAttributes(request))
        if verdict.level == .none { return nil }
        let trail = AuditTrail(request, verdict, sinks: sinks, now: now)
        trail.record(.requestReceived)
        return trail
    }

    package func flush() async {
        for sink in sinks { await sink.flush() }
    }
}

/// What is recorded of one request on its way through the server.
package final class AuditTrail: Sendable {
    private struct State {
        var event: JSONValue
        var annotations: [String: String] = [:]
    }

    private let verdict: AuditPolicy.Verdict
    private let sinks: [any AuditSink]
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>

    init(_ request: APIRequest, _ verdict: AuditPolicy.Verdict, sinks: [any AuditSink], now: @escaping @Sendable () -> Int64) {
        self.verdict = verdict
        self.sinks = sinks
        self.now = now
        var event: JSONValue = [
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": .string(verdict.level.rawValue), "auditID": .string(request.auditID),
            "stage": "", "requestURI": .string(request.uri), "verb": .string(request.info.verb), "user": IdentityReviews.json(request.user),
        ]
        var addresses = request.headers["X-Forwarded-For"].flatMap { $0.split(separator: ",") }.map { String($0.drop { $0 == " " }) }
        if let remote = request.connection?.remoteAddress { addresses.append(remote) }
        if !addresses.isEmpty { event["sourceIPs"] = .array(addresses.map { .string($0) }) }
        // Bounded: whoever sends headers of a megabyte does not fill the log with them.
        if let agent = request.headers.first(name: "User-Agent") { event["userAgent"] = .string(String(agent.prefix(1024))) }
        if request.info.isResourceRequest { event["objectRef"] = Self.reference(request.info) }
        event["requestReceivedTimestamp"] = .string(MicroTime(microseconds: now()).description)
        state = Mutex(State(event: event))
        if verdict.level >= .request, request.info.isResourceRequest, !request.body.isEmpty { keepRequest(request) }
    }

    private static func reference(_ info: RequestInfo) -> JSONValue {
        var reference: JSONValue = [:]
        for (key, text) in [
            ("resource", info.resource), ("namespace", info.namespace), ("name", info.name), ("apiGroup", info.apiGroup),
            ("apiVersion", info.apiVersion), ("subresource", info.subresource),
        ] where !text.isEmpty { reference[key] = .string(text) }
        return reference
    }

    private func keepRequest(_ request: APIRequest) {
        let tree: JSONValue?
        do throws(APIStatus) {
            var decode = Decode()
            // A patch is JSON under another name.
            let type = request.method == "PATCH" ? "application/json" : request.headers.first(name: "Content-Type")
            tree = try decode.document(request.body, contentType: type)
        } catch {
            tree = nil
        }
        guard let tree else { return }
        let kept = lean(tree)
        state.withLock { state in
            state.event["requestObject"] = kept
            if state.event["objectRef"]?["name"] == nil, let name = tree.at("metadata", "name") { state.event["objectRef"]?["name"] = name }
        }
    }

    /// Says which object the request is about, as far as its path does not: what the client has sent knows more.
    func refers(to object: JSONValue) {
        state.withLock { state in
            state.event.edit("objectRef") { reference in
                for key in ["namespace", "name", "uid", "resourceVersion"] {
                    let text = object.text("metadata", key)
                    if !text.isEmpty { reference.setDefaultString(key, text) }
                }
            }
        }
    }

    /// The name that the server has made up for the object.
    func names(_ name: String) {
        state.withLock { $0.event["objectRef"]?["name"] = .string(name) }
    }

    private func lean(_ object: JSONValue) -> JSONValue {
        guard verdict.omitManagedFields else { return object }
        var object = object
        object["metadata"]?["managedFields"] = nil
        object.editEach("items") { $0["metadata"]?["managedFields"] = nil }
        return object
    }

    /// Says more about the request. The first word on a key counts.
    package func annotate(_ key: String, _ value: String) {
        state.withLock { state in
            if state.annotations[key] == nil { state.annotations[key] = value }
        }
    }

    func impersonates(_ user: UserInfo) {
        state.withLock { $0.event["impersonatedUser"] = IdentityReviews.json(user) }
    }

    func record(_ stage: AuditStage) {
        guard !verdict.omitStages.contains(stage) else { return }
        let bytes = state.withLock { state -> [UInt8] in
            var event = state.event
            event["stage"] = .string(stage.rawValue)
            event["stageTimestamp"] = .string(MicroTime(microseconds: now()).description)
            if !state.annotations.isEmpty {
                var annotations: JSONValue = [:]
                for (key, value) in state.annotations.sorted(by: { $0.key < $1.key }) { annotations[key] = .string(value) }
                event["annotations"] = annotations
            }
            return event.serialized()
        }
        for sink in sinks { sink.record(bytes) }
    }

    /// The answer as its client gets it.
    func answered(status: Int, contentType: String?, body: [UInt8]) {
        let isJSON = contentType?.hasPrefix("application/json") ?? false
        var object: JSONValue?
        if isJSON, status >= 400 || verdict.level == .requestResponse {
            do { object = try JSONValue(parsing: body) } catch { object = nil }
        }
        var outcome: JSONValue = ["metadata": [:], "code": .integer(Int64(status))]
        if status >= 400, let object, object["kind"] == "Status" {
            for key in ["status", "message", "reason", "details"] { outcome[key] = object[key] }
        }
        let kept = verdict.level == .requestResponse ? object.map(lean) : nil
        state.withLock { state in
            state.event["responseStatus"] = outcome
            if let kept { state.event["responseObject"] = kept }
        }
        record(.responseComplete)
    }

    func began(status: Int) {
        state.withLock { $0.event["responseStatus"] = ["metadata": [:], "code": .integer(Int64(status))] }
        record(.responseStarted)
    }
}
