import JSON
import NIOHTTP1
import Synchronization

/// Takes the answer of a step that the server makes for itself.
final class ContinuationResponder: Responder {
    private let continuation: Mutex<CheckedContinuation<Result<JSONValue, APIStatus>, Never>?>

    init(_ continuation: CheckedContinuation<Result<JSONValue, APIStatus>, Never>) {
        self.continuation = Mutex(continuation)
    }

    private func finish(_ result: Result<JSONValue, APIStatus>) {
        let waiting = continuation.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        waiting?.resume(returning: result)
    }

    func succeed(_ object: JSONValue) { finish(.success(object)) }

    func respond(_ status: APIStatus) { finish(.failure(status)) }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        let value = (try? JSONValue(parsing: body)) ?? .null
        if status < 300 {
            finish(.success(value))
        } else {
            finish(.failure(APIStatus(code: status, reason: value.text("reason"), message: value.text("message"))))
        }
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        finish(.failure(.internalError("a stream was answered to a single request")))
        return NoStream()
    }

    private struct NoStream: StreamWriter {
        var isWritable: Bool { false }
        var pendingBytes: Int { 0 }
        func write(_ bytes: [UInt8]) {}
        func finish() {}
        func onClose(_ f: @escaping @Sendable () -> Void) { f() }
        func onWritable(_ f: @escaping @Sendable () -> Void) {}
    }
}
