import JSON
import KubernetesClient
import Logging
import Synchronization
import Testing

@testable import APIServer

@Suite struct WebhookAuthorizerTests {
    private static let logger: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    private static let ana = UserInfo(name: "ana", uid: "7", groups: ["devs"], extra: ["example.com/a": ["1"]])
    private static let listPods = AuthorizationAttributes(
        user: ana, verb: "list", apiGroup: "", apiVersion: "v1", resource: "pods", namespace: "team")

    private func webhook(
        _ transport: any Transport, _ time: TimeSource = .system, _ edit: (inout WebhookAuthorizer.Settings) -> Void = { _ in }
    ) -> WebhookAuthorizer {
        var settings = WebhookAuthorizer.Settings()
        edit(&settings)
        return WebhookAuthorizer(transport: transport, path: "/authorize", settings: settings, time: time, logger: Self.logger)
    }

    private func settled(_ authorizer: any Authorizer, _ attributes: AuthorizationAttributes) async -> AuthorizationDecision {
        let decision = authorizer.authorize(attributes)
        if case .later(let answer) = decision { return await answer() }
        return decision
    }

    @Test(
        arguments: [
            (["allowed": true, "reason": "so"], .allow(reason: "so")),
            (["allowed": false, "denied": true, "reason": "never"], .deny(reason: "never")),
            (["allowed": false, "reason": "who?"], .noOpinion(reason: "who?")), ([:], .noOpinion(reason: "")),
            (["allowed": true, "denied": true], .failed(reason: "webhook: its answer cannot be used: it both allows and denies")),
        ] as [(JSONValue, AuthorizationDecision)])
    func answers(_ status: JSONValue, _ expected: AuthorizationDecision) async {
        #expect(await settled(webhook(ScriptedTransport(status: status)), Self.listPods) == expected)
    }

    @Test func whatIsAsked() async throws {
        let transport = ScriptedTransport(status: ["allowed": true])
        _ = await settled(webhook(transport), Self.listPods)
        _ = await settled(webhook(transport) { $0.version = "v1beta1" }, Self.listPods)
        _ = await settled(webhook(transport), AuthorizationAttributes(user: Self.ana, verb: "get", isResourceRequest: false, path: "/metrics"))
        let reviews = try transport.requests.map { try JSONValue(parsing: $0.body) }
        #expect(transport.requests.map { "\($0.method) \($0.path)" } == Array(repeating: "POST /authorize", count: 3))
        #expect(reviews.map { $0.text("apiVersion") } == ["authorization.k8s.io/v1", "authorization.k8s.io/v1beta1", "authorization.k8s.io/v1"])
        #expect(
            reviews[0]["spec"] == [
                "resourceAttributes": ["namespace": "team", "verb": "list", "version": "v1", "resource": "pods"], "user": "ana", "groups": ["devs"],
                "uid": "7", "extra": ["example.com/a": ["1"]],
            ])
        #expect(reviews[1]["spec"]?["group"] == ["devs"] && reviews[1]["spec"]?["groups"] == nil)
        #expect(reviews[2]["spec"]?["nonResourceAttributes"] == ["path": "/metrics", "verb": "get"])
    }

    @Test func answersCountForAWhile() async {
        let clock = ManualClock()
        for (allowed, life) in [(true, 300), (false, 30)] {
            let transport = ScriptedTransport(status: ["allowed": .bool(allowed)])
            let webhook = webhook(transport, clock.timeSource)
            #expect(await settled(webhook, Self.listPods).isAllowed == allowed)
            clock.advance(by: .seconds(life - 1))
            #expect(webhook.authorize(Self.listPods).isAllowed == allowed)
            #expect(transport.count == 1)
            clock.advance(by: .seconds(1))
            #expect(await settled(webhook, Self.listPods).isAllowed == allowed)
            #expect(transport.count == 2)
        }
    }

    @Test func whatIsNotRemembered() async {
        let transport = ScriptedTransport(status: ["allowed": true])
        let forgetful = webhook(transport) { $0.authorizedLife = .zero }
        _ = await settled(forgetful, Self.listPods)
        _ = await settled(forgetful, Self.listPods)
        #expect(transport.count == 2)
        // Somebody who asks about very long names shall not fill the memory.
        let webhook = webhook(transport)
        var long = Self.listPods
        long.name = String(repeating: "x", count: 10_000)
        _ = await settled(webhook, long)
        _ = await settled(webhook, long)
        #expect(transport.count == 4)
        // Another user's question is another question.
        var other = Self.listPods
        _ = await settled(webhook, other)
        other.user.groups = []
        _ = await settled(webhook, other)
        #expect(transport.count == 6)
    }

    @Test(arguments: [true, false])
    func failurePolicy(_ denies: Bool) async {
        // A 400 is not asked again.
        let transport = ScriptedTransport { _, _ in HTTPResponseData(status: 400) }
        let webhook = webhook(transport) { $0.deniesOnFailure = denies }
        let decision = await settled(webhook, Self.listPods)
        let reason = "webhook: the webhook answered with status 400"
        #expect(decision == (denies ? .deny(reason: reason) : .failed(reason: reason)))
        _ = await settled(webhook, Self.listPods)
        #expect(transport.count == 2)
    }

    @Test func aServerThatIsSilentIsNotWaitedForLongerThanAllowed() async {
        let clock = ManualClock()
        let webhook = WebhookAuthorizer(
            transport: SilentTransport(),
            settings: {
                var settings = WebhookAuthorizer.Settings()
                settings.timeout = .seconds(3)
                return settings
            }(), time: clock.timeSource, logger: Self.logger)
        async let decision = settled(webhook, Self.listPods)
        await clock.waitForSleepers()
        clock.advance(by: .seconds(3))
        guard case .failed = await decision else {
            Issue.record("it must have failed")
            return
        }
    }

    @Test(
        "Several authorizers: the first that decides has decided",
        arguments: [
            ([.allow(reason: "a")], "allow a"), ([.noOpinion(reason: ""), .allow(reason: "b")], "allow b"),
            ([.deny(reason: "no"), .allow(reason: "")], "deny no"), ([.noOpinion(reason: "x"), .noOpinion(reason: "y")], "none x, y"),
            ([.failed(reason: "down"), .allow(reason: "c")], "allow c"), ([.failed(reason: "down"), .noOpinion(reason: "y")], "failed down, y"),
            ([], "none "),
        ] as [(decisions: [AuthorizationDecision], expected: String)], [0, 1, 2, 3])
    func order(_ row: (decisions: [AuthorizationDecision], expected: String), _ outside: Int) async {
        // Every second or every one of them may have to be asked first.
        let members = row.decisions.enumerated().map { index, decision in Fixed(decision, isLater: (outside >> (index % 2)) & 1 == 1) }
        let said: String
        switch await settled(UnionAuthorizer(members), Self.listPods) {
        case .allow(let reason): said = "allow \(reason)"
        case .deny(let reason): said = "deny \(reason)"
        case .noOpinion(let reason): said = "none \(reason)"
        case .failed(let reason): said = "failed \(reason)"
        case .later: said = "later"
        }
        #expect(said == row.expected)
    }
}

private struct SilentTransport: Transport {
    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        try await ManualClock().timeSource.sleep(.seconds(3600))
        return HTTPResponseData(status: 200)
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        throw CancellationError()
    }
}

private struct Fixed: Authorizer {
    let decision: AuthorizationDecision
    let isLater: Bool

    init(_ decision: AuthorizationDecision, isLater: Bool) {
        self.decision = decision
        self.isLater = isLater
    }

    func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision {
        isLater ? .later { [decision] in decision } : decision
    }

    func rules(for user: UserInfo, namespace: String) -> [PolicyRule] { [] }
}
