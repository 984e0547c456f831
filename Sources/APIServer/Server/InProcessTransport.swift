package import KubernetesClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The way to an API server in the same process: the same road as over the network, from authentication on, without sockets and TLS.
package struct InProcessTransport: Transport {
    private let handler: any RequestHandler
    private let connection: ClientConnection
    private let ids = RequestIDSource()

    /// - Parameters:
    ///   - handler: the server's road.
    ///   - user: who its requests come from, as a client certificate would say it.
    package init(handler: any RequestHandler, user: UserInfo) {
        self.handler = handler
        connection = ClientConnection(remoteAddress: "127.0.0.1", certificate: .verified(user, notAfter: .max))
    }

    package func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let answer = try await open(request)
        var bytes = answer.head.body
        if let stream = answer.stream {
            for try await chunk in stream { bytes += chunk }
        }
        return HTTPResponseData(status: answer.head.status, headers: answer.head.headers, body: bytes)
    }

    package func stream(
        _ request: HTTPRequestData
    ) async throws -> (status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>) {
        let answer = try await open(request)
        if let stream = answer.stream { return (answer.head.status, answer.head.headers, stream) }
        let whole = answer.head.body
        let body = AsyncThrowingStream<[UInt8], any Error> { continuation in
            if !whole.isEmpty { continuation.yield(whole) }
            continuation.finish()
        }
        return (answer.head.status, answer.head.headers, body)
    }

    private func open(_ request: HTTPRequestData) async throws -> InProcessAnswer {
        var headers = HTTPHeaders(request.headers)
        if headers.first(name: "User-Agent") == nil { headers.add(name: "User-Agent", value: "apus") }
        var assembly = RequestAssembly(method: request.method, uri: request.path, headers: headers)
        if !request.body.isEmpty { assembly.append(ByteBuffer(bytes: request.body)) }
        let responder = InProcessResponder()
        switch assembly.finish(connection: connection, ids: ids) {
        case .failure(let status): responder.respond(status)
        case .success(let request): handler.handle(request, responder)
        }
        return try await responder.answer()
    }
}

/// A head, and either the whole body in it or a stream.
struct InProcessAnswer: Sendable {
    var head: HTTPResponseData
    var stream: AsyncThrowingStream<[UInt8], any Error>?
}

/// Hands the one answer to the task that waits for it.
private final class InProcessResponder: Responder {
    private enum State {
        case waiting
        case awaited(CheckedContinuation<InProcessAnswer, any Error>)
        case answered(InProcessAnswer)
        case done
    }

    private let state = Mutex(State.waiting)
    /// The stream of this answer, so that a caller that goes away ends it.
    private let body = Mutex<InProcessBody?>(nil)

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        deliver(InProcessAnswer(head: HTTPResponseData(status: status, headers: headers.map { ($0.name, $0.value) }, body: body)))
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        let stream = InProcessBody()
        body.withLock { $0 = stream }
        deliver(
            InProcessAnswer(head: HTTPResponseData(status: status, headers: headers.map { ($0.name, $0.value) }), stream: stream.sequence()))
        return stream
    }

    private func deliver(_ answer: InProcessAnswer) {
        let continuation: CheckedContinuation<InProcessAnswer, any Error>? = state.withLock { state in
            switch state {
            case .waiting:
                state = .answered(answer)
                return nil
            case .awaited(let continuation):
                state = .done
                return continuation
            case .answered, .done:
                return nil
            }
        }
        continuation?.resume(returning: answer)
    }

    func answer() async throws -> InProcessAnswer {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result: Result<InProcessAnswer, any Error>? = state.withLock { state in
                    switch state {
                    case .answered(let answer):
                        state = .done
                        return .success(answer)
                    case .waiting:
                        state = .awaited(continuation)
                        return nil
                    case .awaited, .done:
                        return .failure(CancellationError())
                    }
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let continuation: CheckedContinuation<InProcessAnswer, any Error>? = state.withLock { state in
                switch state {
                case .awaited(let continuation):
                    state = .done
                    return continuation
                case .waiting:
                    state = .done
                    return nil
                case .answered, .done:
                    return nil
                }
            }
            continuation?.resume(throwing: CancellationError())
            body.withLock { $0 }?.close()
        }
    }
}
