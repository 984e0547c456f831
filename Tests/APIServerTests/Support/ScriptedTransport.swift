import JSON
import KubernetesClient
import Synchronization

/// A server outside whose answers a test writes.
final class ScriptedTransport: Transport {
    typealias Answer = @Sendable (_ request: HTTPRequestData, _ count: Int) throws -> HTTPResponseData

    private let asked = Mutex<[HTTPRequestData]>([])
    private let answer: Answer

    /// - Parameter answer: is told how many requests there have been, this one included.
    init(_ answer: @escaping Answer) {
        self.answer = answer
    }

    /// Answers every review with this status.
    convenience init(status: JSONValue) {
        self.init { request, _ in
            var review = try JSONValue(parsing: request.body)
            review["status"] = status
            return HTTPResponseData(status: 201, body: review.serialized())
        }
    }

    var requests: [HTTPRequestData] { asked.withLock { $0 } }
    var count: Int { requests.count }

    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData {
        let count = asked.withLock { asked in
            asked.append(request)
            return asked.count
        }
        return try answer(request, count)
    }

    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    ) {
        let whole = try await send(request)
        let body = AsyncThrowingStream<[UInt8], any Error> { continuation in
            continuation.yield(whole.body)
            continuation.finish()
        }
        return (whole.status, whole.headers, body)
    }
}
