import KubernetesClient
import NIOCore
import NIOHTTP1
import Synchronization

/// The means to answer one request: whole, as a stream, or by handing the connection to somebody else.
final class ServerResponse: Sendable {
    let channel: any Channel
    let identity: ClientIdentity?
    private let keepAlive: Bool
    private let isHead: Bool
    private let done = Atomic<Bool>(false)
    /// Cancelled when the client goes away.
    let scope = CancelScope()

    init(channel: any Channel, identity: ClientIdentity?, keepAlive: Bool, isHead: Bool) {
        self.channel = channel
        self.identity = identity
        self.keepAlive = keepAlive
        self.isHead = isHead
    }

    var isDone: Bool { done.load(ordering: .acquiring) }

    func connectionClosed() { scope.cancel() }

    func send(_ status: HTTPResponseStatus, _ type: String, _ body: [UInt8]) async throws {
        var headers = HTTPHeaders([("Content-Type", type), ("Content-Length", String(body.count))])
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), promise: nil)
        if !isHead && !body.isEmpty { channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: body))), promise: nil) }
        try await finish()
    }

    /// Begins an answer whose length is not known.
    func begin(_ status: HTTPResponseStatus, _ type: String) async throws {
        var headers = HTTPHeaders([("Content-Type", type), ("Transfer-Encoding", "chunked")])
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        try await channel.writeAndFlush(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
    }

    /// Returns when the bytes are on their way, so that a slow client slows the writer.
    func write(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes))))
    }

    func finish() async throws {
        // Before the end is written: the client's next request may come right after it.
        done.store(true, ordering: .releasing)
        try await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !keepAlive { try? await channel.close() }
    }
}
