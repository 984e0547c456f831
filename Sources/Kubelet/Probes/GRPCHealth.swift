import NIOCore
import NIOPosix

/// Asks a gRPC server for its health (`grpc.health.v1.Health/Check`).
///
/// One small request needs so little of HTTP/2 that it is spoken here directly: the preface, a settings exchange, one request, and the first data of
/// the answer. Header compression is only written in its literal form, and of the answer's headers nothing is read but whether data follows.
enum GRPCHealth {
    static func check(host: String, port: Int, service: String, timeout: Duration) async throws -> ProbeFinding {
        let authority = HandlerTarget.authority(host, port)
        do {
            let group = MultiThreadedEventLoopGroup.singleton
            let result = group.next().makePromise(of: ProbeFinding.self)
            let channel = try await ClientBootstrap(group: result.futureResult.eventLoop)
                .connectTimeout(.nanoseconds(timeout.wholeNanoseconds))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            GRPCHealthHandler(request: request(authority: authority, service: service), result: result))
                    }
                }
                .connect(host: host, port: port).get()
            channel.eventLoop.scheduleTask(in: .nanoseconds(timeout.wholeNanoseconds)) {
                result.succeed(.failure("timeout: health rpc did not complete within \(Texts.duration(timeout))"))
            }
            let finding = try await result.futureResult.get()
            try? await channel.close()
            return finding
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            return .failure(
                "timeout: failed to connect service \(Texts.quoted(authority)) within \(Texts.duration(timeout)): \(ConnectionWords.of(error, authority: authority))"
            )
        }
    }

    /// Everything the client sends.
    static func request(authority: String, service: String) -> [UInt8] {
        var headers: [UInt8] = [0x83, 0x86]  // :method POST and :scheme http, from the static table
        literal(":path", "/grpc.health.v1.Health/Check", into: &headers)
        literal(":authority", authority, into: &headers)
        literal("content-type", "application/grpc", into: &headers)
        literal("te", "trailers", into: &headers)
        literal("user-agent", "kube-probe/1.36", into: &headers)
        var message: [UInt8] = []
        if !service.isEmpty {
            message = [0x0a] + varint(service.utf8.count) + Array(service.utf8)
        }
        let length = UInt32(message.count)
        let framed = [0] + withUnsafeBytes(of: length.bigEndian) { Array($0) } + message
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(type: 4, flags: 0, stream: 0, [])
            + frame(type: 1, flags: 4, stream: 1, headers) + frame(type: 0, flags: 1, stream: 1, framed)
    }

    static func frame(type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let count = payload.count
        let length = [UInt8(truncatingIfNeeded: count >> 16), UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
        return length + [type, flags] + withUnsafeBytes(of: stream.bigEndian) { Array($0) } + payload
    }

    /// A header that no table is to remember, its texts as they are.
    private static func literal(_ name: String, _ value: String, into headers: inout [UInt8]) {
        headers.append(0)
        for text in [name, value] {
            headers += prefixed(text.utf8.count)
            headers += Array(text.utf8)
        }
    }

    /// A length in HPACK's seven-bit-prefix form.
    private static func prefixed(_ count: Int) -> [UInt8] {
        if count < 127 { return [UInt8(count)] }
        return [127] + varint(count - 127)
    }

    private static func varint(_ value: Int) -> [UInt8] {
        var rest = value
        var result: [UInt8] = []
        while rest >= 128 {
            result.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        result.append(UInt8(rest))
        return result
    }

    /// What the server's message says.
    static func finding(_ message: ArraySlice<UInt8>) -> ProbeFinding {
        // Field 1, a number: 0 unknown, 1 serving, 2 not serving, 3 unknown service. Zero is not written.
        let bytes = Array(message)
        let status = bytes.count >= 2 && bytes[0] == 0x08 ? bytes[1] : 0
        switch status {
        case 1: return .success
        case 2: return .failure("service unhealthy (responded with \"NOT_SERVING\")")
        case 3: return .failure("service unhealthy (responded with \"SERVICE_UNKNOWN\")")
        default: return .failure("service unhealthy (responded with \"UNKNOWN\")")
        }
    }
}

/// Reads the frames of the answer until its first data.
private final class GRPCHealthHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let bytesMax = 64 << 10

    private let request: [UInt8]
    private let result: EventLoopPromise<ProbeFinding>
    private var pending: [UInt8] = []
    private var data: [UInt8] = []

    init(request: [UInt8], result: EventLoopPromise<ProbeFinding>) {
        self.request = request
        self.result = result
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        guard pending.count <= GRPCHealthHandler.bytesMax else { return finish(context, .failure("the answer is too long for a health check")) }
        while pending.count >= 9 {
            let length = Int(pending[0]) << 16 | Int(pending[1]) << 8 | Int(pending[2])
            guard pending.count >= 9 + length else { return }
            let type = pending[3]
            let flags = pending[4]
            let payload = Array(pending[9..<(9 + length)])
            pending.removeFirst(9 + length)
            take(type, flags, payload, context)
        }
    }

    private func take(_ type: UInt8, _ flags: UInt8, _ payload: [UInt8], _ context: ChannelHandlerContext) {
        let endsStream = flags & 1 != 0
        switch type {
        case 0:
            let padding = flags & 8 != 0 ? Int(payload.first ?? 0) + 1 : 0
            let body = flags & 8 != 0 ? payload.dropFirst().dropLast(max(0, padding - 1)) : payload[...]
            data.append(contentsOf: body)
            if data.count >= 5 {
                let size = data[1..<5].reduce(0) { $0 << 8 | Int($1) }
                if data.count >= 5 + size { return finish(context, GRPCHealth.finding(data[5..<(5 + size)])) }
            }
            if endsStream { finish(context, .failure("the health check was answered with a broken message")) }
        case 1 where endsStream:
            finish(context, .failure("error: this server does not implement the grpc health protocol (grpc.health.v1.Health)"))
        case 3: finish(context, .failure("the server reset the health check"))
        case 4 where flags & 1 == 0:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: GRPCHealth.frame(type: 4, flags: 1, stream: 0, []))), promise: nil)
        case 6 where flags & 1 == 0:
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: GRPCHealth.frame(type: 6, flags: 1, stream: 0, payload))), promise: nil)
        case 7: finish(context, .failure("the server closed the connection during the health check"))
        default: break
        }
    }

    private func finish(_ context: ChannelHandlerContext, _ finding: ProbeFinding) {
        result.succeed(finding)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        result.succeed(.failure("the server closed the connection during the health check"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(context, .failure("\(error)"))
    }
}
