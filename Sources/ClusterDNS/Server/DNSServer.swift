import Logging
import NIOCore
import NIOPosix

/// Listens for queries over UDP and TCP on one address and port.
final class DNSServer: Sendable {
    /// TCP connections without a query for this long are closed.
    static let idleTimeout = TimeAmount.seconds(20)

    private let group: any EventLoopGroup
    private let queries: QueryHandler

    init(group: any EventLoopGroup, queries: QueryHandler) {
        self.group = group
        self.queries = queries
    }

    /// Starts to listen; the channels are closed by the caller.
    /// - Throws: `ClusterDNSError.cannotListen`, naming the address.
    func listen(host: String, port: Int) async throws -> [any Channel] {
        let queries = queries
        do {
            let udp = try await DatagramBootstrap(group: group)
                .channelOption(.socketOption(.so_reuseaddr), value: 1)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramHandler(queries: queries))
                    }
                }
                .bind(host: host, port: port).get()
            do {
                let tcp = try await ServerBootstrap(group: group)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .childChannelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            let handlers: [any ChannelHandler] = [
                                IdleStateHandler(allTimeout: Self.idleTimeout), ByteToMessageHandler(LengthPrefixDecoder()),
                                StreamHandler(queries: queries),
                            ]
                            try channel.pipeline.syncOperations.addHandlers(handlers)
                        }
                    }
                    .bind(host: host, port: port).get()
                return [udp, tcp]
            } catch {
                try await udp.close()
                throw error
            }
        } catch {
            throw ClusterDNSError.cannotListen(address: "\(host):\(port)", cause: "\(error)")
        }
    }
}

/// Why the DNS server can't run, in words a person can act on.
package enum ClusterDNSError: Error, CustomStringConvertible {
    case cannotListen(address: String, cause: String)

    package var description: String {
        switch self {
        case .cannotListen(let address, let cause): "cluster DNS cannot listen on \(address): \(cause)"
        }
    }
}

private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let queries: QueryHandler

    init(queries: QueryHandler) {
        self.queries = queries
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let channel = context.channel
        let answer = queries.answer(Array(envelope.data.readableBytesView), limit: nil, on: context.eventLoop)
        answer.whenSuccess { bytes in
            guard let bytes else { return }
            channel.writeAndFlush(AddressedEnvelope(remoteAddress: envelope.remoteAddress, data: ByteBuffer(bytes: bytes)), promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A datagram that can't be read or sent concerns its sender alone; the socket goes on.
    }
}

/// Over TCP every message follows its length in two bytes (RFC 1035, section 4.2.2).
private struct LengthPrefixDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let message = buffer.readLengthPrefixedSlice(as: UInt16.self) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }
}

private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let queries: QueryHandler

    init(queries: QueryHandler) {
        self.queries = queries
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = context.channel
        let answer = queries.answer(Array(unwrapInboundIn(data).readableBytesView), limit: Int(UInt16.max), on: context.eventLoop)
        answer.whenSuccess { bytes in
            guard let bytes else { return channel.close(promise: nil) }
            var buffer = channel.allocator.buffer(capacity: bytes.count + 2)
            buffer.writeInteger(UInt16(clamping: bytes.count))
            buffer.writeBytes(bytes)
            channel.writeAndFlush(buffer, promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
