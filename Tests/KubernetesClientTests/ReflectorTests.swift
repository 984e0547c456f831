import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@Suite struct ReflectorTests {
    private func pod(_ name: String, _ version: String) -> Pod {
        Pod {
            $0.metadata.name = name
            $0.metadata.resourceVersion = version
        }
    }

    private func list(_ pods: [Pod], _ version: String, continue token: String? = nil) -> List<Pod> {
        var metadata = ListMeta()
        metadata.resourceVersion = version
        metadata.continue = token
        return List(items: pods, metadata: metadata)
    }

    private func refusal(_ code: Int32, _ reason: String) -> APIStatusError {
        var status = Status()
        status.code = code
        status.reason = reason
        return APIStatusError(status: status)
    }

    /// A short text of what a step says, for comparison.
    private func text(_ step: Reflector<Pod>.Step) -> String {
        let next =
            switch step.next {
            case .list(let options): "list rv=\(options.resourceVersion ?? "") continue=\(options.continue ?? "")"
            case .watch(let options):
                "watch rv=\(options.resourceVersion ?? "") for \(options.timeoutSeconds ?? 0)s" + (options.sendInitialEvents ? " initial" : "")
            case .read: "read"
            case .wait(let duration): "wait \((duration.secondsValue * 1000).rounded() / 1000)"
            }
        switch step.change {
        case .replaced(let pods): return "replace [\(pods.map { $0.metadata.name ?? "" }.joined(separator: ","))] " + next
        case .changed(let events): return "change \(events.count) " + next
        case nil: return next
        }
    }

    private func make(streaming: Bool = false) -> Reflector<Pod> {
        var options = ReflectorOptions()
        options.streamsInitialState = streaming
        return Reflector(options, random: { 0.5 })
    }

    @Test func listsPagesThenWatchesAndResumes() {
        var reflector = make()
        #expect(text(reflector.receive(.started)) == "list rv=0 continue=")
        #expect(text(reflector.receive(.listed(list([pod("a", "1")], "5", continue: "t")))) == "list rv= continue=t")
        #expect(text(reflector.receive(.listed(list([pod("b", "2")], "5")))) == "replace [a,b] watch rv=5 for 450s")
        #expect(text(reflector.receive(.opened)) == "read")
        #expect(text(reflector.receive(.received([.added(pod("c", "6")), .bookmark(pod("", "8"))]))) == "change 1 read")
        #expect(text(reflector.receive(.received([.bookmark(pod("", "9"))]))) == "read")
        #expect(text(reflector.receive(.ended(after: .seconds(300)))) == "watch rv=9 for 450s")
    }

    @Test func anExpiredVersionListsAtOnceAndOnlyThenWaits() {
        var reflector = make()
        _ = reflector.receive(.started)
        _ = reflector.receive(.listed(list([], "5")))
        _ = reflector.receive(.opened)
        #expect(text(reflector.receive(.failed(refusal(410, "Expired")))) == "list rv= continue=")
        #expect(text(reflector.receive(.listed(list([], "7")))) == "replace [] watch rv=7 for 450s")
        #expect(text(reflector.receive(.failed(refusal(410, "Gone")))) == "wait 2.4")
        #expect(text(reflector.receive(.waited)) == "list rv= continue=")
    }

    @Test func aLostConnectionKeepsItsPlaceAndWaitsLongerEachTime() {
        var reflector = make()
        let lost = TransportError(kind: .refused, server: "https://x", cause: "")
        _ = reflector.receive(.started)
        #expect(text(reflector.receive(.failed(lost))) == "wait 1.2")
        #expect(text(reflector.receive(.waited)) == "list rv=0 continue=")
        _ = reflector.receive(.listed(list([], "5")))
        _ = reflector.receive(.opened)
        #expect(text(reflector.receive(.failed(lost))) == "wait 2.4")
        #expect(text(reflector.receive(.waited)) == "watch rv=5 for 450s")
        #expect(text(reflector.receive(.failed(lost))) == "wait 4.8")
        for _ in 0..<10 {
            _ = reflector.receive(.waited)
            _ = reflector.receive(.failed(lost))
        }
        _ = reflector.receive(.waited)
        #expect(text(reflector.receive(.failed(refusal(503, "ServiceUnavailable")))) == "wait 45.0")
        _ = reflector.receive(.waited)
        _ = reflector.receive(.received([.added(pod("a", "6"))]))
        #expect(text(reflector.receive(.failed(lost))) == "wait 1.2")
    }

    @Test func aWatchThatEndsAtOnceIsNotOpenedInATightLoop() {
        var reflector = make()
        _ = reflector.receive(.started)
        _ = reflector.receive(.listed(list([], "5")))
        _ = reflector.receive(.opened)
        #expect(text(reflector.receive(.ended(after: .milliseconds(3)))) == "wait 1.2")
        #expect(text(reflector.receive(.waited)) == "watch rv=5 for 450s")
    }

    @Test func aForbiddenWatchListsAgainAfterAPause() {
        var reflector = make()
        _ = reflector.receive(.started)
        _ = reflector.receive(.listed(list([], "5")))
        #expect(text(reflector.receive(.failed(refusal(403, "Forbidden")))) == "wait 1.2")
        #expect(text(reflector.receive(.waited)) == "list rv=5 continue=")
    }

    @Test func streamsTheInitialStateAndFallsBackWhenRefused() {
        var end = pod("", "9")
        end.metadata.annotations = ["k8s.io/initial-events-end": "true"]
        var reflector = make(streaming: true)
        #expect(text(reflector.receive(.started)) == "watch rv= for 450s initial")
        _ = reflector.receive(.opened)
        #expect(text(reflector.receive(.received([.added(pod("a", "1"))]))) == "read")
        #expect(text(reflector.receive(.received([.added(pod("b", "2")), .bookmark(end), .deleted(pod("a", "10"))]))) == "replace [b] read")
        #expect(text(reflector.receive(.ended(after: .seconds(5)))) == "watch rv=10 for 450s")

        var refused = make(streaming: true)
        _ = refused.receive(.started)
        #expect(text(refused.receive(.failed(refusal(422, "Invalid")))) == "list rv=0 continue=")
    }
}
