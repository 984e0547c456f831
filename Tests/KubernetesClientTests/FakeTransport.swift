import KubernetesClient
import Synchronization

/// A transport that answers from a script and remembers what it was asked.
final class FakeTransport: Transport {
    typealias Body = AsyncThrowingStream<[UInt8], any Error>

    private let answer: @Sendable (HTTPRequestData) async throws -> HTTPResponseData
    private let streamAnswer: @Sendable (HTTPRequestData) async throws -> (status: Int, body: Body)
    private let seen = Mutex<[HTTPRequestData]>([])

    init(
        answer: @escaping @Sendable (HTTPRequestData) async throws -> HTTPResponseData = { _ in HTTPResponseData(status: 404) },
        stream: @escaping @Sendable (HTTPRequestData) async throws -> (status: Int, body: Body) = { _ in (404, Body { nil }) }
    ) {
        self.answer = answer
        streamAnswer = stream
    }

    var requests: [HTTPRequestData] { seen.withLock { $0 } }

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        seen.withLock { $0.append(request) }
        return try await answer(request)
    }

    func stream(_ request: HTTPRequestData) async throws -> (status: Int, headers: [(String, String)], body: Body) {
        seen.withLock { $0.append(request) }
        let (status, body) = try await streamAnswer(request)
        return (status, [], body)
    }
}

/// An answer with a JSON body.
func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> HTTPResponseData {
    HTTPResponseData(status: status, headers: headers, body: Array(text.utf8))
}

/// Collects values from handlers and lets a test wait for them.
final class Recorded<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var values: [Value] { state.withLock { $0.values } }

    func append(_ value: Value) {
        let woken = state.withLock { state in
            state.values.append(value)
            let count = state.values.count
            let woken = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return woken
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Returns the values once there are at least `count`.
    @discardableResult
    func wait(for count: Int) async -> [Value] {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.values.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
        return values
    }
}
