import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging
import Synchronization
import Testing

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// Serves one list and then the watch lines a test feeds.
private final class FakeServer: Sendable {
    let list: Mutex<String>
    let feed: AsyncStream<[UInt8]>.Continuation
    private let lines: AsyncStream<[UInt8]>

    init(list: String) {
        self.list = Mutex(list)
        (lines, feed) = AsyncStream.makeStream()
    }

    var transport: FakeTransport {
        FakeTransport(
            answer: { [self] _ in json(list.withLock { $0 }) },
            stream: { [lines] _ in
                (
                    200,
                    FakeTransport.Body {
                        var iterator = lines.makeAsyncIterator()
                        return await iterator.next(isolation: nil)
                    }
                )
            })
    }

    func send(_ type: String, _ name: String, _ version: Int, labels: String = "{}") {
        feed.yield(
            Array(
                (#"{"type":"\#(type)","object":{"metadata":{"name":"\#(name)","namespace":"d","uid":"u-\#(name)","#
                    + #""labels":\#(labels),"resourceVersion":"\#(version)"}}}"# + "\n").utf8))
    }
}

private let twoPods = """
    {"metadata":{"resourceVersion":"5"},"items":[
    {"metadata":{"name":"a","namespace":"d","uid":"u-a","resourceVersion":"1","labels":{"app":"x"},"managedFields":[{"manager":"m"}]}},
    {"metadata":{"name":"b","namespace":"d","uid":"u-b","resourceVersion":"2"}}]}
    """

@Suite struct InformerTests {
    @Test(.timeLimit(.minutes(1)))
    func followsTheServerAndTellsHandlersInOrder() async throws {
        let server = FakeServer(list: twoPods)
        let client = Client(transport: server.transport, userAgent: "")
        let informer = Informer<Pod>(client: client, logger: quiet)
        informer.addIndex("app") { [$0.metadata.labels["app"] ?? ""] }
        let seen = Recorded<String>()
        informer.addHandler(
            added: { seen.append("+\($0.metadata.name ?? "")") },
            updated: { seen.append("~\($1.metadata.name ?? "") \($0.metadata.resourceVersion ?? "")>\($1.metadata.resourceVersion ?? "")") },
            deleted: { seen.append("-\($0.metadata.name ?? "")") })
        let run = Task { try await informer.run() }
        try await informer.waitForSync()
        #expect(Set(seen.values) == ["+a", "+b"])
        #expect(informer.list(index: "app", key: "x").map(\.metadata.name) == ["a"])
        server.send("ADDED", "c", 6)
        server.send("MODIFIED", "a", 7, labels: #"{"app":"y"}"#)
        server.send("DELETED", "b", 8)
        let all = await seen.wait(for: 5)
        #expect(all[2...] == ["+c", "~a 1>7", "-b"])
        #expect(informer.get("a", namespace: "d")?.metadata.resourceVersion == "7")
        #expect(informer.get("b", namespace: "d") == nil)
        #expect(informer.list(index: "app", key: "x").isEmpty)
        #expect(informer.list(index: "app", key: "y").count == 1)
        #expect(informer.list(namespace: "d").count == 2)

        // Who comes late hears of everything there is.
        let late = Recorded<String>()
        informer.addHandler(added: { late.append($0.metadata.name ?? "") })
        await late.wait(for: 2)
        #expect(Set(late.values) == ["a", "c"])
        run.cancel()
        try await run.value
    }

    @Test(.timeLimit(.minutes(1)))
    func aRelistTellsOnlyWhatChanged() async throws {
        let server = FakeServer(list: twoPods)
        let client = Client(transport: server.transport, userAgent: "")
        let informer = Informer<Pod>(client: client, logger: quiet)
        let seen = Recorded<String>()
        let run = Task { try await informer.run() }
        try await informer.waitForSync()
        informer.addHandler(
            added: { seen.append("+\($0.metadata.name ?? "")") }, updated: { seen.append("~\($1.metadata.name ?? "")") },
            deleted: { seen.append("-\($0.metadata.name ?? "")") })
        await seen.wait(for: 2)
        server.list.withLock {
            $0 =
                #"{"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a","namespace":"d","uid":"u-a","resourceVersion":"1"}},"#
                + #"{"metadata":{"name":"c","namespace":"d","uid":"u-c","resourceVersion":"8"}}]}"#
        }
        server.feed.yield(Array((#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"# + "\n").utf8))
        let all = await seen.wait(for: 4)
        #expect(all[2...] == ["+c", "-b"])
        run.cancel()
        try await run.value
    }

    @Test(.timeLimit(.minutes(1)))
    func factoriesShareInformersAndRunLateOnes() async throws {
        let server = FakeServer(list: twoPods)
        let factory = InformerFactory(client: Client(transport: server.transport, userAgent: ""), logger: quiet)
        let first = factory.informer(Pod.self)
        #expect(first === factory.informer(Pod.self))
        #expect(first !== factory.informer(Pod.self, fieldSelector: "spec.nodeName=n"))
        let run = Task { try await factory.run() }
        try await factory.waitForSync()
        #expect(first.get("a", namespace: "d")?.metadata.managedFields.isEmpty == true)
        let late = factory.informer(Node.self)
        try await late.waitForSync()
        #expect(late.count == 2)
        run.cancel()
        try await run.value
    }

    @Test(.timeLimit(.minutes(1)))
    func waitingForSyncEndsWithTheTask() async throws {
        let informer = Informer<Pod>(client: Client(transport: FakeTransport(), userAgent: ""), logger: quiet)
        let waiting = Task { try await informer.waitForSync() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(!informer.hasSynced)
    }

    @Test(.timeLimit(.minutes(1)))
    func whoWantsOnlyMetadataHearsOfWhatSomebodyFollows() async throws {
        let server = FakeServer(list: twoPods)
        let factory = InformerFactory(client: Client(transport: server.transport, userAgent: ""), logger: quiet)
        // One of some pods is not one of all pods.
        _ = factory.informer(Node.self, fieldSelector: "metadata.name=n1")
        #expect(!factory.observeMetadata(of: Node.resource) { _ in })
        let pods = factory.informer(Pod.self)
        let seen = Recorded<String>()
        let isFollowed = factory.observeMetadata(of: Pod.resource) { change in
            switch change {
            case .changed(let metadata): seen.append("+\(metadata.name ?? "")")
            case .replaced(let old, let new): seen.append("\(old.uid ?? "")>\(new.uid ?? "")")
            case .deleted(let metadata): seen.append("-\(metadata.name ?? "")")
            }
        }
        #expect(isFollowed)
        let run = Task { try await pods.run() }
        await seen.wait(for: 2)
        server.send("DELETED", "b", 8)
        let all = await seen.wait(for: 3)
        #expect(Set(all) == ["+a", "+b", "-b"])
        run.cancel()
        try await run.value
    }
}
