import NIOCore

/// The bounds of the HTTP front. Past each of them the client gets an answer that says so, or loses its connection.
package enum HTTPLimits {
    /// Upstream's limit for a request's body: 3 MiB, then 413.
    package static let requestBodyBytesMax = 3 << 20
    /// What is read and thrown away of a request that has been refused.
    static let discardedBytesMax = 64 << 20
    /// The request line and headers of one request.
    static let requestHeadBytesMax = 1 << 20
    /// Requests that one HTTP/2 connection may have open at a time.
    static let concurrentStreamsMax = 250
    /// Streams that one HTTP/2 connection may cancel, and control frames that it may send, in 30 seconds.
    static let streamResetsMax = 10_000
    static let controlFramesMax = 10_000
    /// Frames that the headers of one HTTP/2 request may be spread over.
    static let headerFramesMax = 128
    /// How much an HTTP/2 client may send ahead of us, on one stream and on all together.
    static let streamReceiveWindow = 256 << 10
    static let connectionReceiveWindow = 1 << 20
    /// How much is written to an HTTP/2 connection at once, how much of it for one stream, and how large a buffer is kept for the next time.
    static let writeBytesMax = 128 << 10
    static let dataFrameBytesMax = 64 << 10
    static let keptBufferBytesMax = 16 << 10
    /// Above this a stream's writer says that it is not writable, and below the low mark that it is again.
    static let streamPendingBytesHigh = 64 << 10
    static let streamPendingBytesLow = 16 << 10
    /// How long a connection may take for its TLS handshake.
    static let handshakeTimeout = TimeAmount.seconds(10)
    /// How long a client may take for sending one request.
    static let requestTimeout = TimeAmount.seconds(60)
    /// How long a keep-alive connection may do nothing, or take for the head of its next request; as upstream's idle timeout.
    static let idleTimeout = TimeAmount.seconds(90)
    /// How long open requests may take for ending once the server shuts down.
    static let shutdownGrace = TimeAmount.seconds(5)
    /// Connections waiting to be accepted.
    static let listenBacklog: Int32 = 1024
}
