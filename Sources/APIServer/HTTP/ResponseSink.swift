import NIOCore
import NIOHTTP1

/// The place on a connection where one answer goes. Only touched on the connection's loop.
protocol ResponseSink: AnyObject {
    func sendWhole(status: Int, headers: HTTPHeaders, body: ByteBuffer)
    func sendHead(status: Int, headers: HTTPHeaders, writer: FrontStreamWriter)
    /// Writes and flushes. The promise is kept when the bytes have left for the operating system.
    func sendBody(_ buffers: [ByteBuffer], promise: EventLoopPromise<Void>?)
    func sendEnd()
    /// Nil where the connection cannot change its protocol (HTTP/2).
    func beginTunnel(status: Int, headers: HTTPHeaders, _ glue: any ChannelHandler)
}
