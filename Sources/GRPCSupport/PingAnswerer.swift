package import NIOCore
import NIOSSL

/// Answers the server's HTTP/2 pings before the HTTP/2 handler sees them.
///
/// A gRPC server in Go measures the connection with a ping at nearly every request, and NIO's HTTP/2 handler takes more than 200 pings in 30 seconds
/// for an attack and closes the connection: under load, every call under way would fail. The limit cannot be set from here.
package final class PingAnswerer: ChannelInboundHandler {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private var filter = PingFilter()

    package init() {}

    /// Puts one into a connection that has just been made: before everything else, but behind the encryption if there is one.
    package static func install(on channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let encryption = try? pipeline.handler(type: NIOSSLClientHandler.self)
            try pipeline.addHandler(PingAnswerer(), position: encryption.map { .after($0) } ?? .first)
        }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (passed, answers) = filter.take(unwrapInboundIn(data).readableBytesView)
        if !answers.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answers)), promise: nil) }
        if !passed.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: passed))) }
    }
}

/// Takes the pings out of a stream of HTTP/2 frames, however the stream is cut into pieces.
package struct PingFilter {
    private static let headerBytes = 9
    private static let pingBytes = 8
    private static let pingType: UInt8 = 6
    private static let acknowledgement: UInt8 = 1

    /// Bytes of the present frame that are still to be passed on as they are.
    private var remaining = 0
    /// The beginning of a frame that is not complete enough to be judged.
    private var held: [UInt8] = []

    package init() {}

    /// - Returns: the bytes that go on to the HTTP/2 handler, and the frames that answer the pings.
    package mutating func take(_ bytes: some Sequence<UInt8>) -> (passed: [UInt8], answers: [UInt8]) {
        let input = held + Array(bytes)
        held = []
        var passed: [UInt8] = []
        passed.reserveCapacity(input.count)
        var answers: [UInt8] = []
        var index = 0
        while index < input.count {
            if remaining > 0 {
                let count = min(remaining, input.count - index)
                passed.append(contentsOf: input[index..<(index + count)])
                remaining -= count
                index += count
                continue
            }
            guard input.count - index >= Self.headerBytes else { break }
            let length = Int(input[index]) << 16 | Int(input[index + 1]) << 8 | Int(input[index + 2])
            let isPing = input[index + 3] == Self.pingType && input[index + 4] & Self.acknowledgement == 0 && length == Self.pingBytes
            guard isPing else {
                remaining = Self.headerBytes + length
                continue
            }
            let end = index + Self.headerBytes + Self.pingBytes
            guard input.count >= end else { break }
            answers.append(contentsOf: [0, 0, UInt8(Self.pingBytes), Self.pingType, Self.acknowledgement, 0, 0, 0, 0])
            answers.append(contentsOf: input[(index + Self.headerBytes)..<end])
            index = end
        }
        held = Array(input[index...])
        return (passed, answers)
    }
}
