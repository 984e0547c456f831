import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

@Suite struct EventCorrelatorTests {
    private func event(_ message: String, name: String = "e1", object: String = "web") -> Event {
        var event = Event()
        event.metadata.name = name
        event.type = "Warning"
        event.reason = "BackOff"
        event.message = message
        event.count = 1
        event.firstTimestamp = Time(seconds: 100)
        event.involvedObject = ObjectReference {
            $0.kind = "Pod"
            $0.name = object
        }
        return event
    }

    private func text(_ decision: EventCorrelator.Decision) -> String {
        switch decision {
        case .create(let event): "create \(event.metadata.name ?? "") x\(event.count ?? 0) \(event.message ?? "")"
        case .recount(let event): "recount \(event.metadata.name ?? "") x\(event.count ?? 0) \(event.message ?? "")"
        case .drop: "drop"
        }
    }

    @Test func theSameEventIsCounted() {
        var correlator = EventCorrelator()
        #expect(text(correlator.correlate(event("m"), uptime: .zero)) == "create e1 x1 m")
        #expect(text(correlator.correlate(event("m", name: "e2"), uptime: .seconds(1))) == "recount e1 x2 m")
        #expect(text(correlator.correlate(event("other", name: "e3"), uptime: .seconds(2))) == "create e3 x1 other")
        #expect(text(correlator.correlate(event("m", name: "e4", object: "db"), uptime: .seconds(3))) == "create e4 x1 m")
        #expect(text(correlator.correlate(event("m", name: "e5"), uptime: .seconds(4))) == "recount e1 x3 m")
    }

    @Test func manySimilarEventsAreCombined() {
        var correlator = EventCorrelator()
        for number in 1...9 {
            #expect(text(correlator.correlate(event("m\(number)", name: "e\(number)"), uptime: .zero)) == "create e\(number) x1 m\(number)")
        }
        #expect(text(correlator.correlate(event("m10", name: "e10"), uptime: .zero)) == "create e10 x1 (combined from similar events): m10")
        #expect(text(correlator.correlate(event("m11", name: "e11"), uptime: .zero)) == "recount e10 x2 (combined from similar events): m11")
        // A quiet while later they are events of their own again.
        #expect(text(correlator.correlate(event("m12", name: "e12"), uptime: .seconds(601))) == "create e12 x1 m12")
    }

    @Test func spamIsDroppedUntilTheAllowanceComesBack() {
        var correlator = EventCorrelator()
        for _ in 0..<25 { #expect(text(correlator.correlate(event("m"), uptime: .zero)) != "drop") }
        #expect(text(correlator.correlate(event("m"), uptime: .seconds(10))) == "drop")
        #expect(text(correlator.correlate(event("m", object: "db"), uptime: .seconds(10))) != "drop")
        #expect(text(correlator.correlate(event("m"), uptime: .seconds(330))) != "drop")
    }
}

@Suite struct EventRecorderTests {
    private let pod = Pod {
        $0.metadata.name = "web"
        $0.metadata.namespace = "team"
        $0.metadata.uid = "u1"
    }

    @Test func writesCoreEventsAndPatchesTheirCount() async throws {
        let clock = ManualClock()
        let transport = FakeTransport { request in
            HTTPResponseData(status: 200, body: request.method == "POST" ? request.body : Array("{}".utf8))
        }
        let recorder = EventRecorder(
            client: Client(transport: transport, userAgent: ""), component: "kubelet", host: "n1", clock: clock.timeSource)
        recorder.event(pod, type: "Warning", reason: "BackOff", message: "waiting", fieldPath: "spec.containers{c}")
        recorder.event(pod, type: "Warning", reason: "BackOff", message: "waiting", fieldPath: "spec.containers{c}")
        await recorder.flush()
        let seen = transport.requests
        #expect(seen.map(\.method) == ["POST", "PATCH"])
        let event = try Event(jsonBytes: seen[0].body)
        #expect(event.metadata.namespace == "team")
        #expect(event.metadata.name?.hasPrefix("web.") == true)
        #expect(event.involvedObject?.kind == "Pod")
        #expect(event.involvedObject?.uid == "u1")
        #expect(event.involvedObject?.fieldPath == "spec.containers{c}")
        #expect(event.source?.component == "kubelet")
        #expect(event.source?.host == "n1")
        #expect(event.firstTimestamp?.seconds == 1_750_000_000)
        #expect(seen[1].path == "/api/v1/namespaces/team/events/\(event.metadata.name ?? "")")
        #expect(try JSONValue(parsing: seen[1].body)["count"]?.integerValue == 2)
    }

    @Test func aVanishedEventIsWrittenAnew() async throws {
        let transport = FakeTransport { request in
            request.method == "PATCH"
                ? json(#"{"kind":"Status","status":"Failure","reason":"NotFound","code":404}"#, status: 404)
                : HTTPResponseData(status: 201, body: request.body)
        }
        let recorder = EventRecorder(client: Client(transport: transport, userAgent: ""), component: "x")
        for _ in 0..<2 { recorder.event(pod, type: "Normal", reason: "R", message: "m") }
        await recorder.flush()
        #expect(transport.requests.map(\.method) == ["POST", "PATCH", "POST"])
        #expect(try Event(jsonBytes: transport.requests[2].body).count == 2)
    }

    @Test(.timeLimit(.minutes(1)))
    func aLostServerIsTriedAgain() async throws {
        let clock = ManualClock()
        let tries = Recorded<Int>()
        let transport = FakeTransport { request in
            tries.append(1)
            if tries.values.count < 3 { throw TransportError(kind: .refused, server: "https://x", cause: "") }
            return HTTPResponseData(status: 201, body: request.body)
        }
        let recorder = EventRecorder(
            client: Client(transport: transport, userAgent: "", time: clock.timeSource), component: "x", clock: clock.timeSource)
        recorder.event(pod, type: "Normal", reason: "R", message: "m")
        for _ in 0..<2 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(10))
        }
        await recorder.flush()
        #expect(tries.values.count == 3)
    }

    @Test func refusedEventsAreGivenUp() async {
        let transport = FakeTransport { _ in json(#"{"kind":"Status","reason":"Forbidden","code":403}"#, status: 403) }
        let recorder = EventRecorder(client: Client(transport: transport, userAgent: ""), component: "x")
        recorder.event(pod, type: "Normal", reason: "R", message: "m")
        await recorder.flush()
        #expect(transport.requests.count == 1)
    }
}
