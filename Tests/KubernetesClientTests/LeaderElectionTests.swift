import CoordinationV1
import JSON
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization
import Testing

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

@Suite struct LeaderElectionTests {
    private func text(_ move: LeaderElection.Move) -> String {
        switch move {
        case .create(let lease): "create \(lease.spec.holderIdentity ?? "") \(lease.spec.leaseTransitions ?? -1)"
        case .update(let lease): "update \(lease.spec.holderIdentity ?? "") \(lease.spec.leaseTransitions ?? -1)"
        case .wait(let holder): "wait \(holder)"
        }
    }

    @Test func aLeaseIsTakenWhenItHasNotChangedForItsDurationByOurClock() {
        var a = LeaderElection(identity: "a")
        var b = LeaderElection(identity: "b")
        guard case .create(let first) = a.move(on: nil, uptime: .zero, wallMicroseconds: 1) else { return #expect(Bool(false)) }
        a.observe(first, uptime: .zero)
        #expect(a.isLeader)
        #expect(text(b.move(on: first, uptime: .seconds(100), wallMicroseconds: 2)) == "wait a")
        #expect(text(b.move(on: first, uptime: .seconds(114), wallMicroseconds: 2)) == "wait a")
        guard case .update(let renewed) = a.move(on: first, uptime: .seconds(114), wallMicroseconds: 9) else { return #expect(Bool(false)) }
        #expect(renewed.spec.leaseTransitions == 0)
        #expect(renewed.spec.acquireTime?.microseconds == 1)
        #expect(renewed.spec.renewTime?.microseconds == 9)
        #expect(text(b.move(on: renewed, uptime: .seconds(115), wallMicroseconds: 2)) == "wait a")
        #expect(text(b.move(on: renewed, uptime: .seconds(130), wallMicroseconds: 2)) == "update b 1")
    }

    @Test func aReleasedLeaseIsFreeAtOnce() {
        var a = LeaderElection(identity: "a")
        guard case .create(let lease) = a.move(on: nil, uptime: .zero, wallMicroseconds: 1) else { return #expect(Bool(false)) }
        var b = LeaderElection(identity: "b")
        #expect(text(b.move(on: a.released(lease, wallMicroseconds: 2), uptime: .zero, wallMicroseconds: 3)) == "update b 1")
    }
}

/// Keeps one lease as an API server would.
private final class LeaseServer: Sendable {
    struct State {
        var lease: [UInt8]?
        var version = 0
        var isDown = false
    }
    let state = Mutex(State())

    var transport: FakeTransport {
        FakeTransport { [self] request in
            try state.withLock { state in
                if state.isDown { throw TransportError(kind: .refused, server: "https://x", cause: "") }
                if request.method == "GET" {
                    guard let lease = state.lease else { return json(#"{"reason":"NotFound","code":404}"#, status: 404) }
                    return HTTPResponseData(status: 200, body: lease)
                }
                var lease = try Lease(jsonBytes: request.body)
                if request.method == "PUT", lease.metadata.resourceVersion != String(state.version) {
                    return json(#"{"reason":"Conflict","code":409}"#, status: 409)
                }
                state.version += 1
                lease.metadata.resourceVersion = String(state.version)
                state.lease = lease.jsonBytes()
                return HTTPResponseData(status: 200, body: lease.jsonBytes())
            }
        }
    }

    var holder: String {
        state.withLock { $0.lease.flatMap { try? Lease(jsonBytes: $0) } }?.spec.holderIdentity ?? "nobody"
    }
}

@Suite struct LeaderElectorTests {
    private func elector(_ server: LeaseServer, _ identity: String, _ clock: ManualClock, lead: @escaping @Sendable () async throws -> Void)
        -> LeaderElector
    {
        let client = Client(transport: server.transport, userAgent: "", time: clock.timeSource)
        return LeaderElector(
            client: client, namespace: "kube-system", name: "x", identity: identity, time: clock.timeSource, logger: quiet, lead: lead)
    }

    @Test(.timeLimit(.minutes(1)))
    func leadsRenewsAndReleasesAtTheEnd() async throws {
        let server = LeaseServer()
        let clock = ManualClock()
        let started = Recorded<Int>()
        let elector = elector(server, "a", clock) {
            started.append(1)
            try await ManualClock().timeSource.sleep(.seconds(3600))
        }
        let run = Task { try await elector.run() }
        await started.wait(for: 1)
        #expect(server.holder == "a")
        for _ in 0..<3 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(2))
        }
        await clock.waitForSleepers()
        #expect(server.state.withLock { $0.version } >= 4)
        run.cancel()
        try await run.value
        #expect(server.holder == "")
    }

    @Test(.timeLimit(.minutes(1)))
    func aLeaderThatCannotRenewStopsLeading() async throws {
        let server = LeaseServer()
        let clock = ManualClock()
        let started = Recorded<Int>()
        let stopped = Recorded<Int>()
        let elector = elector(server, "a", clock) {
            started.append(1)
            defer { stopped.append(1) }
            try await ManualClock().timeSource.sleep(.seconds(3600))
        }
        let run = Task { try await elector.run() }
        await started.wait(for: 1)
        server.state.withLock { $0.isDown = true }
        for _ in 0..<5 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(2))
        }
        await #expect(throws: LeadershipLostError.self) { try await run.value }
        #expect(stopped.values.count == 1)
    }
}
