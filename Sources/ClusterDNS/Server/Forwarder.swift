import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Passes questions about other names to the nameservers of the node, over UDP, one after the other until one answers.
///
/// Thread-safe. Each question goes out from a socket of its own, so that its source port is random and no answer can be mistaken for another's.
final class Forwarder: Sendable {
    /// How long one nameserver has for its answer.
    static let timeout = TimeAmount.seconds(2)
    /// Questions under way at once; past it, new ones are answered with a server failure.
    static let questionsMax = 1000

    private let group: any EventLoopGroup
    private let nameservers: [SocketAddress]
    private let underway = Mutex(0)

    /// - Parameter nameservers: in the order to try.
    init(group: any EventLoopGroup, nameservers: [SocketAddress]) {
        self.group = group
        self.nameservers = nameservers
    }

    /// The answer's bytes, or nil when nobody answered.
    func forward(_ query: [UInt8]) -> EventLoopFuture<[UInt8]?> {
        let loop = group.next()
        let isRoom = underway.withLock { count in
            if count >= Self.questionsMax { return false }
            count += 1
            return true
        }
        guard isRoom else { return loop.makeSucceededFuture(nil) }
        let result = ask(query, nameservers[...], on: loop)
        result.whenComplete { [self] _ in underway.withLock { $0 -= 1 } }
        return result
    }

    private func ask(_ query: [UInt8], _ servers: ArraySlice<SocketAddress>, on loop: any EventLoop) -> EventLoopFuture<[UInt8]?> {
        guard let server = servers.first else { return loop.makeSucceededFuture(nil) }
        return exchange(query, with: server, on: loop).flatMap { [self] answer in
            answer == nil ? ask(query, servers.dropFirst(), on: loop) : loop.makeSucceededFuture(answer)
        }
    }

    private func exchange(_ query: [UInt8], with server: SocketAddress, on loop: any EventLoop) -> EventLoopFuture<[UInt8]?> {
        let answer = loop.makePromise(of: [UInt8]?.self)
        let timer = loop.scheduleTask(in: Self.timeout) { answer.succeed(nil) }
        let any = server.protocol == .inet6 ? "::" : "0.0.0.0"
        let bound = DatagramBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(id: query.prefix(2), server: server, answer: answer))
                }
            }
            .bind(host: any, port: 0)
        bound.whenComplete { result in
            switch result {
            case .failure:
                answer.succeed(nil)
            case .success(let channel):
                let envelope = AddressedEnvelope(remoteAddress: server, data: ByteBuffer(bytes: query))
                channel.writeAndFlush(envelope).whenFailure { _ in answer.succeed(nil) }
                answer.futureResult.whenComplete { _ in channel.close(promise: nil) }
            }
        }
        answer.futureResult.whenComplete { _ in timer.cancel() }
        return answer.futureResult
    }
}

/// Takes the first datagram from the asked server that bears the question's id.
private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let id: ArraySlice<UInt8>
    private let server: SocketAddress
    private let answer: EventLoopPromise<[UInt8]?>

    init(id: ArraySlice<UInt8>, server: SocketAddress, answer: EventLoopPromise<[UInt8]?>) {
        self.id = id
        self.server = server
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let bytes = Array(envelope.data.readableBytesView)
        guard envelope.remoteAddress == server, bytes.prefix(2).elementsEqual(id) else { return }
        answer.succeed(bytes)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.succeed(nil)
    }
}
