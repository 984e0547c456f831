import JSON
import Logging
import PKI
import Synchronization
import Testing

@testable import APIServer

/// Tokens that stand in secrets and do not end.
@Suite struct LegacyTokenTests {
    private func secret(_ token: String, labels: JSONValue = [:]) -> JSONValue {
        [
            "metadata": ["name": "s", "namespace": "default", "labels": labels], "type": "kubernetes.io/service-account-token",
            "data": ["token": .string(Base64.encode(Array(token.utf8)))],
        ]
    }

    @Test(arguments: [("", true), ("2025-06-15", false)])
    func aMarkEndsTheirUse(_ mark: String, _ counts: Bool) throws {
        let tokens = try ServiceAccountTokens(key: .generate(), issuer: "https://issuer")
        let token = try tokens.signLegacy(namespace: "default", account: .init(name: "a", uid: "u"), secret: "s")
        let secret = secret(token, labels: mark.isEmpty ? [:] : [LegacyTokenUses.invalidSince: .string(mark)])
        let noted = Mutex<[Int64]>([])
        let authenticator = ServiceAccountAuthenticator(tokens: tokens) { resource, _, _ in
            resource == "secrets" ? secret : ["metadata": ["name": "a", "uid": "u"]]
        } noteUse: { used, now in
            if used == secret { noted.withLock { $0.append(now) } }
        }
        switch authenticator.authenticate(token: token, audiences: tokens.audiences, now: 1_750_000_000) {
        case .user(let user, _): #expect(counts && user.name == "system:serviceaccount:default:a")
        case .rejected(let reason): #expect(!counts && reason.contains("has been marked invalid") && !reason.contains(token))
        case .unknown, .later: Issue.record("not known")
        }
        // That somebody tried is told in either case.
        #expect(noted.withLock { $0 } == [1_750_000_000])
    }

    @Test func theDayOfTheirUseIsWrittenDown() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/secrets"
        var made = secret("t")
        made["metadata"]?["annotations"] = ["kubernetes.io/service-account.name": "default"]
        made = try await server.created("POST", path, made)
        var quiet = Logger(label: "test")
        quiet.logLevel = .critical
        let uses = LegacyTokenUses(registry: server.registry, logger: quiet)
        let changes = try server.watch(path + "?watch=1&resourceVersion=\(made.text("metadata", "resourceVersion"))")
        for _ in 0..<3 { uses.note(made, now: 1_750_000_000) }
        let first = await changes.next()?["object"]
        #expect(first?.at("metadata", "labels")?.text(LegacyTokenUses.lastUsed) == "2025-06-15")
        // Once a day.
        uses.note(first ?? .null, now: 1_750_000_001)
        uses.note(first ?? .null, now: 1_750_086_400)
        #expect(await changes.next()?.at("object", "metadata")?["labels"]?.text(LegacyTokenUses.lastUsed) == "2025-06-16")
        changes.finish()
    }

    @Test func sinceWhenItIsWrittenDownIsKnown() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/kube-system/configmaps/kube-apiserver-legacy-service-account-token-tracking"
        var since = try await server.get(path)
        #expect(since.at("data")?.text("since") == "2027-01-15")
        since["data"] = ["since": "yesterday"]
        _ = try await server.created("PUT", path, since)
        try await server.registry.ensureTokenTracking()
        #expect(try await server.get(path).at("data")?.text("since") == "2027-01-15")
    }
}
