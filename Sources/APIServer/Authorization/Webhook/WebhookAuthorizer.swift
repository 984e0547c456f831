import JSON
package import KubernetesClient
package import Logging
import Synchronization

/// Asks a server what a user may do (SubjectAccessReview), and remembers the answers for a while.
package final class WebhookAuthorizer: Authorizer {
    package struct Settings: Sendable {
        /// How long a yes and a no count; zero: not at all.
        package var authorizedLife = Duration.seconds(300)
        package var unauthorizedLife = Duration.seconds(30)
        /// How long the server may take, all tries together.
        package var timeout = Duration.seconds(30)
        /// Of the review that it is sent: v1 or v1beta1.
        package var version = "v1"
        /// Whether a request is refused when nobody can say; else the next authorizer is asked.
        package var deniesOnFailure = false

        package init() {}
    }

    private struct Answer {
        var decision: AuthorizationDecision
        var until: Duration
    }

    private static let answersMax = 8192
    /// Of what the one who asks has chosen; longer questions are not remembered, so that nobody fills the memory with them.
    private static let questionBytesMax = 10_000
    private static let attemptsMax = 5

    private let transport: any Transport
    private let path: String
    private let settings: Settings
    private let time: TimeSource
    private let logger: Logger
    private let known = Mutex<[AuthorizationAttributes: Answer]>([:])

    /// - Parameter path: with which the transport's server takes reviews.
    package init(transport: any Transport, path: String = "", settings: Settings = Settings(), time: TimeSource = .system, logger: Logger) {
        self.transport = transport
        self.path = path
        self.settings = settings
        self.time = time
        self.logger = logger
    }

    package func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        let now = time.uptime()
        if let found = known.withLock({ $0[attributes] }), now < found.until { return found.decision }
        return .later { [self] in
            do {
                let decision = try await withDeadline(settings.timeout, time) { [self] in try await ask(attributes) }
                remember(attributes, decision)
                return decision
            } catch {
                logger.error("the authorization webhook cannot be asked", metadata: ["error": "\(error)"])
                let reason = "webhook: \(error)"
                return settings.deniesOnFailure ? .deny(reason: reason) : .failed(reason: reason)
            }
        }
    }

    /// Only the server knows them.
    package func rules(for user: UserInfo, namespace: String) -> [PolicyRule] { [] }
    package var hasAllRules: Bool { false }

    private func remember(_ attributes: AuthorizationAttributes, _ decision: AuthorizationDecision) {
        let life: Duration
        switch decision {
        case .allow: life = settings.authorizedLife
        case .deny, .noOpinion: life = settings.unauthorizedLife
        // What contradicts itself is not believed twice.
        case .failed, .later: return
        }
        let texts = [
            attributes.namespace, attributes.verb, attributes.apiGroup, attributes.apiVersion, attributes.resource, attributes.subresource,
            attributes.name, attributes.path, attributes.fieldSelector ?? "",
        ]
        guard life > .zero, texts.reduce(0, { $0 + $1.utf8.count }) < Self.questionBytesMax else { return }
        let now = time.uptime()
        known.withLock { known in
            if known.count >= Self.answersMax { known = known.filter { now < $0.value.until } }
            if known.count >= Self.answersMax { known.removeAll(keepingCapacity: true) }
            known[attributes] = Answer(decision: decision, until: now + life)
        }
    }

    private func ask(_ attributes: AuthorizationAttributes) async throws -> AuthorizationDecision {
        let review: JSONValue = [
            "apiVersion": .string("authorization.k8s.io/\(settings.version)"), "kind": "SubjectAccessReview",
            "metadata": ["creationTimestamp": .null], "spec": spec(attributes),
        ]
        let answer = try await WebhookCall(transport: transport, path: path, attemptsMax: Self.attemptsMax, time: time).post(review)
        guard answer["kind"]?.stringValue ?? "SubjectAccessReview" == "SubjectAccessReview", let status = answer["status"] else {
            throw WebhookAnswerError(problem: "it is no SubjectAccessReview with a status")
        }
        let reason = status.text("reason")
        switch (status["allowed"]?.boolValue ?? false, status["denied"]?.boolValue ?? false) {
        case (true, true): throw WebhookAnswerError(problem: "it both allows and denies")
        case (_, true): return .deny(reason: reason)
        case (true, _): return .allow(reason: reason)
        case (false, false): return .noOpinion(reason: reason)
        }
    }

    private func spec(_ attributes: AuthorizationAttributes) -> JSONValue {
        var spec: JSONValue = [:]
        if attributes.isResourceRequest {
            var resource: JSONValue = [:]
            for (key, text) in [
                ("namespace", attributes.namespace), ("verb", attributes.verb), ("group", attributes.apiGroup), ("version", attributes.apiVersion),
                ("resource", attributes.resource), ("subresource", attributes.subresource), ("name", attributes.name),
            ] where !text.isEmpty { resource[key] = .string(text) }
            if let selector = attributes.fieldSelector, !selector.isEmpty { resource["fieldSelector"] = ["rawSelector": .string(selector)] }
            spec["resourceAttributes"] = resource
        } else {
            spec["nonResourceAttributes"] = ["path": .string(attributes.path), "verb": .string(attributes.verb)]
        }
        let user = attributes.user
        spec["user"] = .string(user.name)
        // The older version has another name for them.
        if !user.groups.isEmpty { spec[settings.version == "v1beta1" ? "group" : "groups"] = .array(user.groups.map { .string($0) }) }
        if !user.uid.isEmpty { spec["uid"] = .string(user.uid) }
        if !user.extra.isEmpty {
            var extra: JSONValue = [:]
            for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) { extra[key] = .array(values.map { .string($0) }) }
            spec["extra"] = extra
        }
        return spec
    }
}

/// An answer that cannot be understood.
struct WebhookAnswerError: Error, CustomStringConvertible {
    var problem: String
    var description: String { "its answer cannot be used: \(problem)" }
}
