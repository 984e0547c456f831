import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

@testable import KubernetesClient

@Suite struct ConnectionHealthTests {
    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionHealth())
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 6443)).wait()
        return channel
    }

    private func pings(_ channel: EmbeddedChannel) throws -> Int {
        var count = 0
        while let frame = try channel.readOutbound(as: HTTP2Frame.self) {
            if case .ping(_, ack: false) = frame.payload { count += 1 }
        }
        return count
    }

    @Test func whoAnswersIsAskedAgainAfterEachSilence() throws {
        let channel = try connection()
        for _ in 0..<3 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(29))
            #expect(try pings(channel) == 0)
            channel.embeddedEventLoop.advanceTime(by: .seconds(2))
            #expect(try pings(channel) == 1)
            try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(), ack: true)))
            channel.embeddedEventLoop.advanceTime(by: .seconds(14))
            #expect(channel.isActive)
            // The answer came 14 seconds ago.
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .settings(.ack)))
        }
        _ = try channel.finish()
    }

    @Test func whoTalksIsNotAsked() throws {
        let channel = try connection()
        for _ in 0..<10 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            try channel.writeInbound(HTTP2Frame(streamID: .rootStream, payload: .settings(.ack)))
        }
        #expect(try pings(channel) == 0 && channel.isActive)
        _ = try channel.finish()
    }

    @Test func whoDoesNotAnswerIsLeft() throws {
        let channel = try connection()
        channel.embeddedEventLoop.advanceTime(by: .seconds(44))
        #expect(try pings(channel) == 1 && channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }
}
