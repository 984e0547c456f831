import NIOCore
import NIOHTTP1

/// The place on a connection where one answer goes. Only touched on the connection's loop.
protocol ResponseSink: AnyObject {
    func sendWhole(status: Int, headers: HTTPHeaders, body: ByteBuffer)
    func sendHead(status: Int, headers: HTTPHeaders, writer: FrontStreamWriter)
    /// Writes, and tells the writer when the bytes have left (`FrontStreamWriter.landed`).
    ///
    /// - Parameter bytes: how many there are in `buffers`.
    func sendBody(_ buffers: [ByteBuffer], bytes: Int)
    func sendEnd()
    /// Calls `f` when the client goes before the answer has begun; at once if it has gone.
    func whenAbandoned(_ f: @escaping @Sendable () -> Void)
    /// Nil where the connection cannot change its protocol (HTTP/2).
    func beginTunnel(status: Int, headers: HTTPHeaders, _ glue: any ChannelHandler)
}
