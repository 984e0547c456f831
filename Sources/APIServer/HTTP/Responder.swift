package import NIOCore
import NIOHTTP1

/// Takes the one answer to one request. Safe to call from any thread.
package protocol Responder: Sendable {
    /// Sends a whole answer. `Content-Length` is added; the other headers are taken as they are.
    func respond(status: Int, headers: HTTPHeaders, body: [UInt8])
    /// The same with bytes that are shared and not copied.
    func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer)
    /// Sends the head of an answer whose length is not known yet (watch, logs).
    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter
    /// Calls `f` when the client goes before it has been answered; at once if it has gone already. Whether `f` is called after an answer is open.
    func onAbandon(_ f: @escaping @Sendable () -> Void)
    /// Nil where the connection cannot leave HTTP: HTTP/2 and requests from inside the process.
    var tunnel: (any Tunnel)? { get }
}

/// The body of a streamed answer. Safe to call from any thread; writes of one thread keep their order.
package protocol StreamWriter: Sendable {
    func write(_ bytes: [UInt8])
    /// The same with bytes that are shared and not copied: one event for all its watchers.
    func write(_ buffer: ByteBuffer)
    /// Ends the answer. What is written afterwards is dropped.
    func finish()
    /// Whether the client keeps up. A writer that goes on while this is false fills memory.
    var isWritable: Bool { get }
    /// Bytes accepted by `write` and not yet handed to the operating system.
    var pendingBytes: Int { get }
    /// Calls `f` once when the answer has ended: by `finish`, by the client or by a failure. At once if it has ended already.
    func onClose(_ f: @escaping @Sendable () -> Void)
    /// Calls `f` each time the client has caught up: `isWritable` went from false to true.
    func onWritable(_ f: @escaping @Sendable () -> Void)
    /// Where writing costs least; nil for streams that belong to no connection.
    var eventLoop: (any EventLoop)? { get }
}

extension Responder {
    package var tunnel: (any Tunnel)? { nil }

    package func onAbandon(_ f: @escaping @Sendable () -> Void) {}

    package func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        respond(status: status, headers: headers, body: Array(body.readableBytesView))
    }

    /// Sends JSON.
    package func respond(status: Int = 200, json: [UInt8]) {
        respond(status: status, headers: ["Content-Type": "application/json"], body: json)
    }

    /// Sends a `Status` object under its own code.
    package func respond(_ status: APIStatus) {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let retry = status.retryAfter { headers.add(name: "Retry-After", value: retry) }
        respond(status: status.code, headers: headers, body: status.jsonBytes)
    }
}

extension StreamWriter {
    package var eventLoop: (any EventLoop)? { nil }

    package func write(_ buffer: ByteBuffer) {
        write(Array(buffer.readableBytesView))
    }
}

extension APIStatus {
    /// The header that tells a client when to come again; nil when it need not.
    var retryAfter: String? {
        guard let seconds = details?.retryAfterSeconds, seconds > 0 else { return nil }
        return String(seconds)
    }
}
