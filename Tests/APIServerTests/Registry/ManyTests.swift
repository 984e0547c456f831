import JSON
import NIOHTTP1
import Synchronization
import Testing

@testable import APIServer

/// What is large or many. How long it takes is measured in `Benchmarks/Limits`; here it has to be right, and bounded.
@Suite("Large and many", .timeLimit(.minutes(5)))
struct ManyTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    /// Counts the events of a watch.
    private final class Counter: Responder, StreamWriter {
        private let state = Mutex((events: 0, close: [@Sendable () -> Void]()))
        private let onEvent: @Sendable () -> Void

        init(_ onEvent: @escaping @Sendable () -> Void) { self.onEvent = onEvent }

        var events: Int { state.withLock { $0.events } }

        func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) { Issue.record("a watch was refused: \(status)") }
        func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter { self }
        func write(_ bytes: [UInt8]) {
            let lines = bytes.count { $0 == UInt8(ascii: "\n") }
            state.withLock { $0.events += lines }
            for _ in 0..<lines { onEvent() }
        }
        func finish() {
            let close = state.withLock { state in
                defer { state.close = [] }
                return state.close
            }
            for f in close { f() }
        }
        var isWritable: Bool { true }
        var pendingBytes: Int { 0 }
        func onClose(_ f: @escaping @Sendable () -> Void) { state.withLock { $0.close.append(f) } }
        func onWritable(_ f: @escaping @Sendable () -> Void) {}
    }

    @Test("10,000 watchers see every change once, and leave nothing behind")
    func watchers() async throws {
        let server = try await TestServer()
        let count = 10_000
        let (events, heard) = AsyncStream.makeStream(of: Void.self)
        let counters = (0..<count).map { _ in Counter { heard.yield() } }
        let version = try await server.get(Self.path).text("metadata", "resourceVersion")
        for counter in counters { try server.send("GET", Self.path + "?watch=1&resourceVersion=\(version)", headers: [:], counter) }
        let cache = try #require(server.registry.storage(group: "", resource: "configmaps")?.cache)
        #expect(cache.watcherCount == count)
        for name in ["a", "b"] { _ = try await server.created("POST", Self.path, ["metadata": ["name": .string(name)]]) }
        var iterator = events.makeAsyncIterator()
        for _ in 0..<2 * count { await iterator.next() }
        #expect(counters.allSatisfy { $0.events == 2 })
        for counter in counters { counter.finish() }
        #expect(cache.watcherCount == 0)
    }

    @Test("an object of as many annotations as there may be, and no more")
    func annotations() async throws {
        let server = try await TestServer()
        func object(_ name: String, _ bytes: Int) -> JSONValue {
            ["metadata": ["name": .string(name), "annotations": ["a": .string(String(repeating: "x", count: bytes - 1))]]]
        }
        #expect(await server.call("POST", Self.path, object("most", 256 << 10)).status == 201)
        let reply = await server.call("POST", Self.path, object("more", (256 << 10) + 1))
        #expect(reply.status == 422 && reply.message.contains("metadata.annotations: Too long: may not be more than 262144 bytes"))
    }

    @Test("a list in parts holds nothing up and loses nothing")
    func parts() async throws {
        let server = try await TestServer()
        let count = 2_000
        for index in 0..<count { _ = try await server.created("POST", Self.path, ["metadata": ["name": .string("c\(index)")]]) }
        var seen: [String] = []
        var token = ""
        var version: String?
        repeat {
            let part = try await server.get(Self.path + "?limit=300" + (token.isEmpty ? "" : "&continue=\(token)"))
            seen += part.list("items").map { $0.text("metadata", "name") }
            if version == nil { version = part.text("metadata", "resourceVersion") }
            #expect(part.text("metadata", "resourceVersion") == version)
            // What is made meanwhile is not in it.
            _ = try await server.created("POST", Self.path, ["metadata": ["generateName": "b"]])
            token = part.text("metadata", "continue")
            #expect(part.at("metadata", "remainingItemCount")?.integerValue ?? 0 == Int64(count - seen.count))
        } while !token.isEmpty
        #expect(seen == (0..<count).map { "c\($0)" }.sorted())
    }
}
