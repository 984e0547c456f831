import JSON
import KubernetesAPI
import Logging
import NIOHTTP1
import Storage
import Synchronization

@testable import APIServer

/// A registry over a store in memory, driven in process.
final class TestServer: Sendable {
    let registry: Registry
    let store: MemoryStore
    private let tasks: Mutex<[Task<Void, any Error>]> = Mutex([])

    init(
        bootstrap: Bool = true, store: MemoryStore = MemoryStore(), served: ServedVersions = ServedVersions(),
        admission: AdmissionChain = .standard, components: [ComponentProbe] = []
    ) async throws {
        let now = TimeBox()
        self.store = store
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        guard let range = IPRange("10.96.0.0/16") else { throw Failure(message: "range") }
        registry = Registry(
            store: store, services: ServiceNetwork(ranges: [range]), served: served, admission: admission,
            components: components,
            clock: ServerClock { now.seconds.withLock { $0 } },
            logger: logger)
        clock = now
        let caches = registry.caches
        tasks.withLock { $0 = caches.map { cache in Task { try await cache.run() } } }
        try await registry.waitUntilReady()
        if bootstrap {
            try await registry.bootstrap(address: "192.0.2.1", port: 6443)
            _ = try await created("POST", "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]])
        }
    }

    /// What the server's clock shows.
    let clock: TimeBox

    deinit {
        tasks.withLock { $0.forEach { $0.cancel() } }
    }

    struct Reply: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: JSONValue
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
        var message: String { body.text("message") }
        var reason: String { body.text("reason") }
    }

    func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [String: String] = [:], user: String = "admin"
    ) async -> Reply {
        await call(method, path, bytes: body?.serialized() ?? [], headers: headers, user: user)
    }

    func call(_ method: String, _ path: String, bytes: [UInt8], headers: [String: String] = [:], user: String = "admin") async -> Reply {
        await withCheckedContinuation { continuation in
            let responder = Collector { continuation.resume(returning: $0) }
            do throws(APIStatus) {
                registry.handle(try request(method, path, bytes, headers, user), responder)
            } catch {
                responder.respond(error)
            }
        }
    }

    func created(_ method: String, _ path: String, _ body: JSONValue? = nil, headers: [String: String] = [:]) async throws -> JSONValue {
        let reply = await call(method, path, body, headers: headers)
        guard reply.status < 300 else { throw Failure(message: "\(method) \(path): \(reply.status) \(reply.message)") }
        return reply.body
    }

    func get(_ path: String) async throws -> JSONValue { try await created("GET", path) }

    /// Begins a watch; the lines come one by one.
    func watch(_ path: String, headers: [String: String] = [:]) throws -> WatchLines {
        let lines = WatchLines()
        registry.handle(try request("GET", path, [], headers, "admin"), lines)
        return lines
    }

    /// Sends a request whose answer is a stream, and leaves the rest to the responder.
    func send(_ method: String, _ path: String, headers: [String: String], _ responder: any Responder) throws {
        registry.handle(try request(method, path, [], headers, "admin"), responder)
    }

    private func request(
        _ method: String, _ path: String, _ body: [UInt8], _ headers: [String: String], _ user: String
    ) throws(APIStatus) -> APIRequest {
        let parts = path.split(separator: "?", maxSplits: 1)
        let query = QueryItems(parsing: parts.count == 2 ? parts[1] : "")
        var all: HTTPHeaders = [:]
        for (name, value) in headers { all.add(name: name, value: value) }
        return APIRequest(
            method: method, path: String(parts[0]), query: query, headers: all, body: body,
            user: UserInfo(name: user, groups: [UserInfo.mastersGroup]),
            info: try RequestInfo(method: method, path: String(parts[0]), query: query))
    }

    struct Failure: Error, CustomStringConvertible {
        let message: String
        var description: String { message }
    }
}

final class TimeBox: Sendable {
    let seconds = Mutex<Int64>(1_800_000_000)
    func advance(_ by: Int64) { seconds.withLock { $0 += by } }
}

/// Takes one whole answer.
final class Collector: Responder {
    private let done: @Sendable (TestServer.Reply) -> Void

    init(_ done: @escaping @Sendable (TestServer.Reply) -> Void) { self.done = done }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        done(TestServer.Reply(status: status, headers: headers, body: (try? JSONValue(parsing: body)) ?? .null, bytes: body))
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter { WatchLines() }
}

/// Collects the lines of a stream, and the answer if there is no stream.
final class WatchLines: Responder, StreamWriter {
    private struct State {
        var lines: [JSONValue] = []
        var waiting: [CheckedContinuation<JSONValue?, Never>] = []
        var finished = false
        var answer: (Int, JSONValue)?
        var close: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// The status and body of an answer that was no stream.
    var answer: (status: Int, body: JSONValue)? { state.withLock { $0.answer.map { ($0.0, $0.1) } } }

    /// The next event; nil when the stream has ended.
    func next() async -> JSONValue? {
        await withCheckedContinuation { continuation in
            let ready: JSONValue?? = state.withLock { state in
                if !state.lines.isEmpty { return .some(state.lines.removeFirst()) }
                if state.finished { return .some(nil) }
                state.waiting.append(continuation)
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        state.withLock { $0.answer = (status, (try? JSONValue(parsing: body)) ?? .null) }
        finish()
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter { self }

    func write(_ bytes: [UInt8]) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let value = try? JSONValue(parsing: Array(line)) else { continue }
            let waiting: CheckedContinuation<JSONValue?, Never>? = state.withLock { state in
                if state.waiting.isEmpty {
                    state.lines.append(value)
                    return nil
                }
                return state.waiting.removeFirst()
            }
            waiting?.resume(returning: value)
        }
    }

    func finish() {
        let (waiting, close) = state.withLock { state in
            state.finished = true
            defer {
                state.waiting = []
                state.close = []
            }
            return (state.waiting, state.close)
        }
        for continuation in waiting { continuation.resume(returning: nil) }
        for f in close { f() }
    }

    var isWritable: Bool { true }
    var pendingBytes: Int { 0 }
    func onClose(_ f: @escaping @Sendable () -> Void) {
        let over = state.withLock { state in
            if !state.finished { state.close.append(f) }
            return state.finished
        }
        if over { f() }
    }
    func onWritable(_ f: @escaping @Sendable () -> Void) {}
}
