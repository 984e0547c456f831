import Flags
import JSON
import Kubelet
import KubernetesClient
import Linux
import Logging
import Synchronization

/// Who may do what at the kubelet's port: by certificates and, with webhooks, by asking the API server.
struct KubeletAccess: Sendable {
    let authorizer: KubeletAuthorizer
    let authentication: KubeletAuthentication

    /// - Throws: `FlagProblem` for a mode that there is not.
    init(_ flags: FlagValues, client: Client, logger: Logger) throws(FlagProblem) {
        let asked = AnswerCache<KubeletClientIdentity?>(
            life: flags.duration("authentication-token-webhook-cache-ttl"), shortLife: .seconds(10))
        var authentication = KubeletAuthentication()
        authentication.allowsAnonymous = flags.bool("anonymous-auth")
        if flags.bool("authentication-token-webhook") {
            authentication.identify = { token in
                if let known = asked[token] { return known }
                do {
                    let identity = try await Self.review(token, client)
                    asked.remember(token, identity, isLong: identity != nil)
                    return identity
                } catch {
                    logger.warning("the API server could not be asked about a bearer token", metadata: ["error": "\(error)"])
                    return nil
                }
            }
        }
        self.authentication = authentication
        switch flags.string("authorization-mode") {
        case "AlwaysAllow": authorizer = KubeletAuthorizer { _, _ in true }
        case "Webhook":
            let answers = AnswerCache<Bool>(
                life: flags.duration("authorization-webhook-cache-authorized-ttl"),
                shortLife: flags.duration("authorization-webhook-cache-unauthorized-ttl"))
            authorizer = KubeletAuthorizer { identity, action in
                if identity.groups.contains("system:masters") { return true }
                for subresource in action.subresource == "proxy" ? ["proxy"] : [action.subresource, "proxy"] {
                    let key = "\(identity.name) \(identity.groups) \(action.verb) \(subresource)"
                    if let known = answers[key] {
                        if known { return true }
                        continue
                    }
                    do {
                        let isAllowed = try await Self.review(identity, action.verb, subresource, flags.text("hostname-override"), client)
                        answers.remember(key, isAllowed, isLong: isAllowed)
                        if isAllowed { return true }
                    } catch {
                        logger.warning("the API server could not be asked about a request", metadata: ["error": "\(error)"])
                        return false
                    }
                }
                return false
            }
        case let other: throw FlagProblem("--authorization-mode \(other) must be AlwaysAllow or Webhook")
        }
    }

    private static func review(_ token: String, _ client: Client) async throws -> KubeletClientIdentity? {
        let answer = try await client.post(
            path: "/apis/authentication.k8s.io/v1/tokenreviews",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": ["token": .string(token)]])
        guard answer["status"]?["authenticated"]?.boolValue == true, let user = answer["status"]?["user"] else { return nil }
        return KubeletClientIdentity(
            name: user["username"]?.stringValue ?? "", groups: user["groups"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    private static func review(
        _ identity: KubeletClientIdentity, _ verb: String, _ subresource: String, _ node: String?, _ client: Client
    ) async throws -> Bool {
        var groups = identity.groups
        if !groups.contains("system:unauthenticated"), !groups.contains("system:authenticated") { groups.append("system:authenticated") }
        let answer = try await client.post(
            path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            [
                "apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
                "spec": [
                    "user": .string(identity.name), "groups": .array(groups.map { .string($0) }),
                    "resourceAttributes": [
                        "verb": .string(verb), "version": "v1", "resource": "nodes", "subresource": .string(subresource),
                        "name": .string(HostName.node(node)),
                    ],
                ],
            ])
        return answer["status"]?["allowed"]?.boolValue == true
    }
}

/// Remembers answers for a while.
final class AnswerCache<Value: Sendable>: Sendable {
    static var entriesMax: Int { 1024 }

    private let life: Duration
    private let shortLife: Duration
    private let entries = Mutex<[String: (value: Value, until: ContinuousClock.Instant)]>([:])

    init(life: Duration, shortLife: Duration) {
        self.life = life
        self.shortLife = shortLife
    }

    subscript(_ key: String) -> Value? {
        entries.withLock { $0[key] }.flatMap { $0.until > .now ? $0.value : nil }
    }

    /// - Parameter isLong: whether the answer counts for the long life.
    func remember(_ key: String, _ value: Value, isLong: Bool) {
        let until = ContinuousClock.now + (isLong ? life : shortLife)
        entries.withLock { entries in
            if entries.count >= Self.entriesMax { entries = entries.filter { $0.value.until > .now } }
            if entries.count >= Self.entriesMax { entries = [:] }
            entries[key] = (value, until)
        }
    }
}
