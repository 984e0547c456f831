import JSON
import NIOCore
import NIOHTTP1
import Synchronization
import Testing

@testable import APIServer

/// How many seats requests take, and when they give them back.
@Suite("The work of requests")
struct RequestWorkTests {
    private static func info(_ verb: String, name: String = "", limit: Int = 0, begins: Bool = false, sub: String = "") -> RequestInfo {
        var info = RequestInfo(
            isResourceRequest: true, verb: verb, apiPrefix: "api", apiVersion: "v1", resource: sub == "token" ? "serviceaccounts" : "pods",
            subresource: sub, name: name)
        info.listLimit = limit
        info.beginsWithList = begins
        return info
    }

    struct Case: Sendable {
        let info: RequestInfo
        let load: RequestWork.Load
        let seatsMax: Int?
        let seats: Int
        let milliseconds: Int64

        init(_ info: RequestInfo, _ load: RequestWork.Load, most seatsMax: Int? = nil, _ seats: Int, keeps milliseconds: Int64 = 0) {
            self.info = info
            self.load = load
            self.seatsMax = seatsMax
            self.seats = seats
            self.milliseconds = milliseconds
        }
    }

    private static let pods = RequestWork.Load(objects: 1000, bytes: 1000, watchers: 25)

    static let cases: [Case] = [
        // A seat for each 100 KB, of which a list holds 1 MB at a time.
        Case(info("list"), pods, 10), Case(info("list"), RequestWork.Load(objects: 150_000, bytes: 2000), 10),
        Case(info("list"), RequestWork.Load(objects: 201, bytes: 1000), 3), Case(info("list"), RequestWork.Load(), 1),
        Case(info("list", limit: 150), pods, 2), Case(info("list", name: "a"), pods, 1), Case(info("list"), pods, most: 4, 4),
        Case(info("list"), RequestWork.Load(objects: .max, bytes: .max), 10),
        Case(info("watch", begins: true), pods, 10), Case(info("watch"), pods, 1), Case(info("get", name: "a"), pods, 1),
        // A seat for each ten who are told, for 5 ms; fewer for longer.
        Case(info("update", name: "a"), pods, 3, keeps: 5), Case(info("create"), RequestWork.Load(watchers: 9), 1),
        Case(info("patch", name: "a"), RequestWork.Load(watchers: 10), 1, keeps: 5),
        Case(info("delete", name: "a"), RequestWork.Load(watchers: 400), 10, keeps: 20),
        Case(info("delete", name: "a"), RequestWork.Load(watchers: 400), most: 5, 5, keeps: 40),
        Case(info("deletecollection"), pods, 1), Case(info("create", name: "a", sub: "token"), pods, 1),
    ]

    @Test("seats, and how long they are kept", arguments: cases)
    func seats(_ given: Case) {
        let work = RequestWork(given.info, seatsMax: given.seatsMax) { _ in given.load }
        #expect(work == RequestWork(given.seats, keeping: given.milliseconds * 1_000_000))
    }

    @Test func oneRequestTakesNoMoreThanAPartOfItsLevel() {
        func most(_ nominal: Int, hand: Int) -> Int? {
            var settings = PriorityLevel.Settings(isExempt: false, nominal: nominal, lendable: 0, borrowingMax: nil)
            settings.queuing = PriorityLevel.Queuing(queues: 64, hand: hand, lengthMax: 50)
            return settings.requestSeatsMax
        }
        #expect(most(98, hand: 6) == 15 && most(98, hand: 8) == 12 && most(3, hand: 8) == 1 && most(0, hand: 1) == 1)
        #expect(PriorityLevel.Settings(isExempt: false, nominal: 98).requestSeatsMax == nil)
    }

    // MARK: In a priority level

    private final class Clock: Sendable {
        let nanoseconds = Mutex<Int64>(0)
        func advance(milliseconds: Int64) { nanoseconds.withLock { $0 += milliseconds * 1_000_000 } }
    }

    private func control(_ clock: Clock, seats: Int) -> FlowControl {
        let control = FlowControl(FlowControl.Limits(reading: seats, writing: 0), now: { clock.nanoseconds.withLock { $0 } })
        let rule: JSONValue = [
            "subjects": [["kind": "Group", "group": ["name": "*"]]],
            "resourceRules": [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": true, "namespaces": ["*"]]],
        ]
        control.configure(
            schemas: [
                ["metadata": ["name": "all"], "spec": ["priorityLevelConfiguration": ["name": "work"], "matchingPrecedence": 1, "rules": [rule]]]
            ],
            levels: [
                [
                    "metadata": ["name": "work"],
                    "spec": [
                        "type": "Limited",
                        "limited": ["nominalConcurrencyShares": 1, "borrowingLimitPercent": 0, "limitResponse": ["type": "Reject"]],
                    ],
                ]
            ])
        control.weigh { _ in Self.pods }
        return control
    }

    private func seat(_ control: FlowControl, _ info: RequestInfo) -> FlowControl.Seat? {
        guard case .seated(let seat) = control.enter(info, path: "/api/v1/pods", user: UserInfo(name: "u")) else { return nil }
        return seat
    }

    private func taken(_ control: FlowControl) -> String? {
        control.text.split(separator: "\n").first { $0.hasPrefix(#"apiserver_flowcontrol_current_executing_seats{priority_level="work"}"#) }.map {
            String($0.split(separator: " ")[1])
        }
    }

    @Test func aListTakesItsSeatsAndGivesThemBack() throws {
        let control = control(Clock(), seats: 12)
        let list = try #require(seat(control, Self.info("list")))
        #expect(taken(control) == "10")
        // Another one finds only two.
        #expect(seat(control, Self.info("list")) == nil)
        let get = try #require(seat(control, Self.info("get", name: "a")))
        #expect(taken(control) == "11")
        list.giveBack()
        list.giveBack()
        #expect(taken(control) == "1")
        get.giveBack()
        #expect(taken(control) == "0")
    }

    @Test func whoIsAloneMayBeWiderThanTheLevel() throws {
        let control = control(Clock(), seats: 4)
        let list = try #require(seat(control, Self.info("list")))
        #expect(seat(control, Self.info("get", name: "a")) == nil)
        list.giveBack()
        #expect(taken(control) == "0")
    }

    @Test func seatsOfAChangeAreKeptForThoseWhoAreTold() throws {
        let clock = Clock()
        let control = control(clock, seats: 12)
        try #require(seat(control, Self.info("update", name: "a"))).giveBack()
        #expect(taken(control) == "3")
        clock.advance(milliseconds: 4)
        #expect(taken(control) == "3")
        clock.advance(milliseconds: 1)
        #expect(taken(control) == "0")
    }

    // MARK: Requests that end without an answer

    private final class Asked: Responder {
        let gone = Mutex<(@Sendable () -> Void)?>(nil)
        func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {}
        func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter { WatchLines() }
        func onAbandon(_ f: @escaping @Sendable () -> Void) { gone.withLock { $0 = f } }
    }

    private func metered(_ client: Asked, _ seat: FlowControl.Seat) -> MeteredResponder {
        let metrics = RequestMetrics()
        return MeteredResponder(inner: client, metrics: metrics, info: Self.info("get"), arrival: metrics.begin("GET"), seat: seat)
    }

    @Test func aHandlerThatLetsGoGivesTheSeatBack() throws {
        let control = control(Clock(), seats: 12)
        var responder: MeteredResponder? = metered(Asked(), try #require(seat(control, Self.info("get"))))
        #expect(taken(control) == "1" && responder != nil)
        responder = nil
        #expect(taken(control) == "0")
    }

    @Test func aClientThatGoesTakesNoSeat() throws {
        let control = control(Clock(), seats: 12)
        let client = Asked()
        // The handler still has the request, and may go on with it.
        let responder = metered(client, try #require(seat(control, Self.info("get"))))
        #expect(taken(control) == "1")
        client.gone.withLock { $0 }?()
        #expect(taken(control) == "0")
        responder.respond(status: 200, headers: [:], body: [])
        #expect(taken(control) == "0")
    }
}
