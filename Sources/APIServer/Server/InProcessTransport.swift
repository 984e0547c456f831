package import KubernetesClient
import NIOHTTP1
import Synchronization

/// The way to the API server for components of the same process: no sockets, no TLS, and the same authorization and admission as everybody.
package struct InProcessTransport: Transport {
    private let road: Road
    private let user: UserInfo

    /// - Parameter user: under whose identity all requests run. The group of authenticated users is added.
    package init(_ road: Road, user: UserInfo) {
        self.road = road
        self.user = user
    }

    package func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let prepared = try Self.prepare(request)
        let answer = InProcessAnswer()
        return try await withTaskCancellationHandler {
            road.handle(prepared, as: user, answer)
            return try await answer.whole()
        } onCancel: {
            answer.body.abandon()
        }
    }

    package func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        let prepared = try Self.prepare(request)
        let answer = InProcessAnswer()
        return try await withTaskCancellationHandler {
            road.handle(prepared, as: user, answer)
            let (status, headers) = try await answer.head()
            let reader = InProcessBody.Reader(answer.body)
            return (status, headers, AsyncThrowingStream(unfolding: { try await reader.next() }))
        } onCancel: {
            answer.body.abandon()
        }
    }

    private static func prepare(_ request: HTTPRequestData) throws -> APIRequest {
        let target = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let rawPath = target.first, let path = percentDecoded(rawPath.utf8) else {
            throw TransportError(kind: .other, server: "this process", cause: "the path \(goQuoted(request.path)) cannot be read")
        }
        return APIRequest(
            method: request.method, path: path, uri: request.path, query: target.count > 1 ? QueryItems(parsing: target[1]) : QueryItems(),
            headers: HTTPHeaders(request.headers), body: request.body)
    }
}

/// The answer to a request from inside the process: head first, then the body.
private final class InProcessAnswer: Responder {
    private enum Head {
        case none
        case awaited(CheckedContinuation<(Int, [(String, String)]), any Error>)
        case known(Int, [(String, String)])
        case gone
    }

    private let state = Mutex(Head.none)
    let body = InProcessBody()

    init() {
        body.onAbandon { [weak self] in self?.giveUp() }
    }

    func respond(status: Int, headers: HTTPHeaders, body bytes: [UInt8]) {
        // The bytes go first, so that whoever is woken by the head finds the body complete.
        body.write(bytes)
        body.finish()
        announce(status, headers)
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        announce(status, headers)
        return body
    }

    func onAbandon(_ f: @escaping @Sendable () -> Void) { body.onClose(f) }

    func head() async throws -> (Int, [(String, String)]) {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { head -> Result<(Int, [(String, String)]), any Error>? in
                switch head {
                case .known(let status, let headers): return .success((status, headers))
                case .gone: return .failure(CancellationError())
                case .none, .awaited:
                    head = .awaited(continuation)
                    return nil
                }
            }
            if let result { continuation.resume(with: result) }
        }
    }

    func whole() async throws -> HTTPResponseData {
        let (status, headers) = try await head()
        var bytes: [UInt8] = []
        while let chunk = try await body.next() { if bytes.isEmpty { bytes = chunk } else { bytes += chunk } }
        return HTTPResponseData(status: status, headers: headers, body: bytes)
    }

    private func announce(_ status: Int, _ headers: HTTPHeaders) {
        let pairs = headers.map { ($0.name, $0.value) }
        let waiting = state.withLock { head -> CheckedContinuation<(Int, [(String, String)]), any Error>? in
            defer { if case .gone = head {} else { head = .known(status, pairs) } }
            if case .awaited(let continuation) = head { return continuation }
            return nil
        }
        waiting?.resume(returning: (status, pairs))
    }

    private func giveUp() {
        let waiting = state.withLock { head -> CheckedContinuation<(Int, [(String, String)]), any Error>? in
            defer { if case .known = head {} else { head = .gone } }
            if case .awaited(let continuation) = head { return continuation }
            return nil
        }
        waiting?.resume(throwing: CancellationError())
    }
}
