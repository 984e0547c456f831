import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

private let lines = """
    {"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"a","resourceVersion":"1"}}}
    {"type":"MODIFIED","object":{"kind":"Pod","metadata":{"name":"ä\\n","resourceVersion":"2"}}}
    {"object":{"kind":"Pod","metadata":{"name":"late","resourceVersion":"3"}},"type":"DELETED"}

    {"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"9"}}}

    """

private func describe(_ event: WatchEvent<Pod>) -> String {
    let kind =
        switch event {
        case .added: "added"
        case .modified: "modified"
        case .deleted: "deleted"
        case .bookmark: "bookmark"
        }
    return "\(kind) \(event.object.metadata.name ?? "") \(event.object.metadata.resourceVersion ?? "")"
}

@Suite struct WatchTests {
    @Test(arguments: [1, 2, 3, 7, 50, 10_000])
    func chunksMayBeCutAnywhere(size: Int) throws {
        var decoder = WatchDecoder<Pod>()
        var events: [WatchEvent<Pod>] = []
        let bytes = Array(lines.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try decoder.feed(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(events.map(describe) == ["added a 1", "modified ä\n 2", "deleted late 3", "bookmark  9"])
    }

    @Test func anErrorEventIsThrownAfterTheEventsBeforeIt() throws {
        var decoder = WatchDecoder<Pod>()
        let chunk =
            #"{"type":"ADDED","object":{"metadata":{"name":"a"}}}"# + "\n"
            + #"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}"# + "\n"
        let interruption = #expect(throws: WatchInterruption<Pod>.self) { try decoder.feed(Array(chunk.utf8)) }
        #expect(interruption?.events.count == 1)
        #expect((interruption?.cause as? APIStatusError)?.isExpired == true)
    }

    @Test(arguments: ["{\n", "{\"type\":\"NEW\",\"object\":{}}\n", "[]\n"])
    func aLineThatIsNoEventIsAnError(line: String) {
        var decoder = WatchDecoder<Pod>()
        let interruption = #expect(throws: WatchInterruption<Pod>.self) { try decoder.feed(Array(line.utf8)) }
        #expect(interruption?.cause is WatchDecodingError)
    }

    @Test func theClientHandsOutEventsOneByOneAndThenTheError() async throws {
        let transport = FakeTransport(stream: { _ in
            let parts = Recorded<Int>()
            return (
                200,
                FakeTransport.Body {
                    parts.append(0)
                    switch parts.values.count {
                    case 1: return Array(lines.utf8)
                    case 2: return Array((#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Gone"}}"# + "\n").utf8)
                    default: return nil
                    }
                }
            )
        })
        let client = Client(transport: transport, userAgent: "")
        var seen: [String] = []
        let error = await #expect(throws: APIStatusError.self) {
            for try await event in client.watch(Pod.self, namespace: "n", ListOptions(resourceVersion: "5", timeoutSeconds: 10)) {
                seen.append(describe(event))
            }
        }
        #expect(seen.count == 4)
        #expect(error?.isExpired == true)
        #expect(transport.requests[0].path == "/api/v1/namespaces/n/pods?watch=true&resourceVersion=5&timeoutSeconds=10")
        #expect(transport.requests[0].idleTimeout == .seconds(15))
    }

    @Test func aRefusedWatchThrowsTheRefusal() async {
        let transport = FakeTransport(stream: { _ in
            let body = Recorded<Int>()
            return (
                403,
                FakeTransport.Body {
                    body.append(0)
                    return body.values.count == 1 ? Array(#"{"kind":"Status","status":"Failure","reason":"Forbidden","message":"no"}"#.utf8) : nil
                }
            )
        })
        let client = Client(transport: transport, userAgent: "")
        let error = await #expect(throws: APIStatusError.self) {
            for try await _ in client.watch(Pod.self, .init()) {}
        }
        #expect(error?.isForbidden == true)
    }
}
