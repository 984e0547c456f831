import JSON
import Synchronization
import Testing

@testable import APIServer

@Suite("Priority and fairness")
struct FlowControlTests {
    private let clock = TimeBox()
    private let kept = Kept()

    /// Seats that are taken until the test ends.
    private final class Kept: Sendable {
        private let seats = Mutex<[FlowControl.Seat]>([])

        func keep(_ entry: FlowControl.Entry) -> FlowControl.Entry {
            if case .seated(let seat) = entry { seats.withLock { $0.append(seat) } }
            return entry
        }
    }

    private func make(seats: Int, _ levels: [JSONValue], level: String = "work") -> FlowControl {
        let clock = clock
        let control = FlowControl(FlowControl.Limits(reading: seats, writing: 0), now: { clock.seconds.withLock { $0 * 1_000_000_000 } })
        control.configure(
            schemas: [
                [
                    "metadata": ["name": "all"],
                    "spec": [
                        "priorityLevelConfiguration": ["name": .string(level)], "matchingPrecedence": 1,
                        "distinguisherMethod": ["type": "ByUser"],
                        "rules": [
                            [
                                "subjects": [["kind": "Group", "group": ["name": "*"]]],
                                "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
                            ]
                        ],
                    ],
                ]
            ], levels: levels)
        return control
    }

    private func level(_ name: String, shares: Int64, lendable: Int64 = 0, queueLength: Int64? = 50, borrowing: Int64? = 0) -> JSONValue {
        var limited: JSONValue = [
            "nominalConcurrencyShares": .integer(shares), "lendablePercent": .integer(lendable), "limitResponse": ["type": "Reject"],
        ]
        if let borrowing { limited["borrowingLimitPercent"] = .integer(borrowing) }
        if let queueLength {
            limited["limitResponse"] = ["type": "Queue", "queuing": ["queues": 64, "handSize": 4, "queueLengthLimit": .integer(queueLength)]]
        }
        return ["metadata": ["name": .string(name)], "spec": ["type": "Limited", "limited": limited]]
    }

    private func enter(_ control: FlowControl, _ user: String) -> FlowControl.Entry {
        kept.keep(control.enter(RequestInfo(verb: "get"), path: "/x", user: UserInfo(name: user)))
    }

    private func seat(_ control: FlowControl, _ user: String) throws -> FlowControl.Seat {
        guard case .seated(let seat) = enter(control, user) else { throw TestServer.Failure(message: "no seat for \(user)") }
        return seat
    }

    private func flow(_ control: FlowControl, _ user: String) throws -> FlowClassifier.Flow {
        guard case .full(let flow) = enter(control, user) else { throw TestServer.Failure(message: "\(user) did not have to wait") }
        return flow
    }

    @Test("a flood of one user does not delay another")
    func flood() async throws {
        let control = make(seats: 2, [level("work", shares: 1)])
        let first = try seat(control, "flood")
        _ = try seat(control, "flood")
        let (served, note) = AsyncStream.makeStream(of: (String, FlowControl.Seat).self)
        let refused = Mutex(0)
        let flooding = try flow(control, "flood")
        for _ in 0..<150 {
            control.wait(flooding) {
                note.yield(("flood", $0))
            } refuse: {
                refused.withLock { $0 += 1 }
            }
        }
        control.wait(try flow(control, "calm")) {
            note.yield(("calm", $0))
        } refuse: {
            refused.withLock { $0 += 1 }
        }
        #expect(refused.withLock { $0 } == 0)
        // Every seat that is given back goes to the next, until the other user has had theirs.
        var turns = 0
        var seat = first
        var iterator = served.makeAsyncIterator()
        while true {
            seat.giveBack()
            let (user, taken) = try #require(await iterator.next())
            turns += 1
            if user == "calm" { break }
            clock.advance(1)
            seat = taken
        }
        // Four queues of the flood's, one of the other's.
        #expect(turns <= 6)
    }

    @Test("queues have an end")
    func fullQueues() throws {
        let control = make(seats: 1, [level("work", shares: 1, queueLength: 2)])
        _ = try seat(control, "a")
        let flow = try flow(control, "a")
        let refused = Mutex(0)
        for _ in 0..<9 {
            control.wait(flow) { _ in
            } refuse: {
                refused.withLock { $0 += 1 }
            }
        }
        #expect(refused.withLock { $0 } == 1)
        #expect(control.text.contains(#"rejected_requests_total{flow_schema="all",priority_level="work",reason="queue-full"} 1"#))
        #expect(control.text.contains(#"current_inqueue_requests{priority_level="work"} 8"#))
    }

    @Test("levels without queues refuse at once")
    func rejecting() throws {
        let control = make(seats: 1, [level("work", shares: 1, queueLength: nil)])
        let held = try seat(control, "a")
        let refused = Mutex(0)
        control.wait(try flow(control, "b")) { _ in
        } refuse: {
            refused.withLock { $0 += 1 }
        }
        #expect(refused.withLock { $0 } == 1)
        held.giveBack()
        _ = try seat(control, "b")
    }

    @Test("nobody waits longer than a quarter of a minute")
    func waiting() throws {
        let control = make(seats: 1, [level("work", shares: 1)])
        _ = try seat(control, "a")
        let refused = Mutex(0)
        control.wait(try flow(control, "b")) { _ in
        } refuse: {
            refused.withLock { $0 += 1 }
        }
        clock.advance(15)
        control.expire()
        #expect(refused.withLock { $0 } == 0)
        clock.advance(1)
        control.expire()
        #expect(refused.withLock { $0 } == 1)
    }

    @Test("idle seats are lent as far as they may be")
    func borrowing() throws {
        let control = make(seats: 10, [level("work", shares: 1, borrowing: nil), level("idle", shares: 1, lendable: 40)])
        for _ in 0..<7 { _ = try seat(control, "a") }
        _ = try flow(control, "a")
        let bounded = make(seats: 10, [level("work", shares: 1, borrowing: 20), level("idle", shares: 1, lendable: 100)])
        for _ in 0..<6 { _ = try seat(bounded, "a") }
        _ = try flow(bounded, "a")
    }

    @Test("without priority and fairness requests are only counted")
    func plain() throws {
        let control = FlowControl(FlowControl.Limits(reading: 1, writing: 1, isFair: false))
        func enter(_ verb: String, _ groups: [String] = []) -> FlowControl.Entry {
            kept.keep(control.enter(RequestInfo(isResourceRequest: true, verb: verb), path: "/", user: UserInfo(name: "u", groups: groups)))
        }
        guard case .seated(let seat) = enter("get"), case .seated = enter("create") else {
            Issue.record("the first read and the first write have no seat")
            return
        }
        guard case .full = enter("list"), case .full = enter("delete"), case .seated = enter("list", ["system:masters"]) else {
            Issue.record("the limits do not hold, or hold for administrators")
            return
        }
        seat.giveBack()
        guard case .seated = enter("list") else {
            Issue.record("a seat that was given back is not free")
            return
        }
    }

    @Test("a level that is gone and comes back")
    func reconfigured() throws {
        let control = make(seats: 4, [level("work", shares: 1), level("other", shares: 1)])
        let held = try [seat(control, "a"), seat(control, "a")]
        _ = try flow(control, "a")
        control.configure(schemas: [], levels: [level("other", shares: 1)])
        // No schema fits: nothing holds the request back.
        guard case .free = enter(control, "a") else {
            Issue.record("a request without a level waits")
            return
        }
        held.forEach { $0.giveBack() }
        #expect(control.text.contains(#"current_executing_seats{priority_level="work"} 0"#))
    }

    @Test(
        "the first schema that fits",
        arguments: [
            (UserInfo(name: "admin", groups: ["system:masters"]), "delete", "pods", "", "exempt", "exempt"),
            (UserInfo(name: "system:node:n", groups: ["system:nodes"]), "update", "nodes", "status", "system-node-high", "node-high"),
            (UserInfo(name: "system:node:n", groups: ["system:nodes"]), "get", "pods", "", "system-nodes", "system"),
            (UserInfo(name: "system:kube-scheduler"), "update", "leases.coordination.k8s.io", "", "system-leader-election", "leader-election"),
            (UserInfo(name: "system:kube-scheduler"), "create", "pods", "binding", "kube-scheduler", "workload-high"),
            (UserInfo.serviceAccount(namespace: "kube-system", name: "x"), "list", "pods", "", "kube-system-service-accounts", "workload-high"),
            (UserInfo.serviceAccount(namespace: "default", name: "x"), "list", "pods", "", "service-accounts", "workload-low"),
            (UserInfo(name: "ana", groups: ["system:authenticated"]), "list", "pods", "", "global-default", "global-default"),
            (UserInfo(name: "nobody"), "list", "pods", "", "none", "none"),
        ])
    func classification(user: UserInfo, verb: String, resource: String, subresource: String, schema: String, level: String) {
        let classifier = FlowClassifier(
            FlowControlObjects.all.filter { $0.resource == "flowschemas" }.map { ["metadata": ["name": .string($0.name)], "spec": $0.spec] })
        let parts = resource.split(separator: ".", maxSplits: 1).map(String.init)
        let info = RequestInfo(
            isResourceRequest: true, verb: verb, apiGroup: parts.count > 1 ? parts[1] : "", namespace: resource == "nodes" ? "" : "default",
            resource: parts[0], subresource: subresource)
        let flow = classifier.flow(of: info, path: "", user: user)
        #expect(flow?.schema ?? "none" == schema)
        #expect(flow?.level ?? "none" == level)
        let probe = classifier.flow(of: RequestInfo(verb: "get"), path: "/livez", user: .anonymous)
        #expect(probe?.schema == "probes")
    }

    @Test("hands are of different queues, and the same for the same flow")
    func hands() {
        for hash in [0, 1, UInt64.max, ShuffleSharding.hash("schema", "flow")] {
            var hand: [Int] = []
            ShuffleSharding.deal(hash: hash, queues: 16, hand: 4) { hand.append($0) }
            #expect(Set(hand).count == 4 && hand.allSatisfy { (0..<16).contains($0) })
            var again: [Int] = []
            ShuffleSharding.deal(hash: hash, queues: 16, hand: 4) { again.append($0) }
            #expect(hand == again)
        }
        #expect(ShuffleSharding.hash("a", "b") != ShuffleSharding.hash("ab", ""))
        #expect(ShuffleSharding.entropyBits(queues: 128, hand: 6) == 42)
    }

    @Test("the objects that every cluster has keep their rules")
    func objects() async throws {
        let server = try await TestServer()
        let path = "/apis/flowcontrol.apiserver.k8s.io/v1"
        #expect(try await server.get(path + "/flowschemas").list("items").count == 13)
        #expect(try await server.get(path + "/prioritylevelconfigurations").list("items").count == 8)
        _ = try await server.created("DELETE", path + "/flowschemas/catch-all")
        var exempt = try await server.get(path + "/flowschemas/probes")
        exempt["spec"]?["matchingPrecedence"] = 7
        _ = try await server.created("PUT", path + "/flowschemas/probes", exempt)
        _ = try await server.created("DELETE", path + "/prioritylevelconfigurations/node-high")
        try await server.registry.noteDanglingFlowSchemas()
        #expect(try await server.get(path + "/flowschemas/system-node-high").list("status", "conditions")[0].text("status") == "True")
        try await server.registry.ensureFlowControlObjects()
        try await server.registry.noteDanglingFlowSchemas()
        #expect(try await server.get(path + "/flowschemas/catch-all").text("spec", "priorityLevelConfiguration", "name") == "catch-all")
        #expect(try await server.get(path + "/flowschemas/probes").number("spec", "matchingPrecedence") == 2)
        #expect(try await server.get(path + "/flowschemas/system-node-high").list("status", "conditions")[0].text("status") == "False")
    }
}
