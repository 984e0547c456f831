package import NIOCore

/// The way out of HTTP: gives a connection over to another protocol after an upgrade (exec, attach, port-forward, proxied WebSockets).
package protocol Tunnel: Sendable {
    /// The connection's loop. What the tunnel leads to belongs on the same loop.
    var eventLoop: any EventLoop { get }
    /// Sends the head of the answer, takes HTTP off the connection and puts there what `makeGlue` gives, called on the loop. That handler then
    /// sees the raw bytes (`ByteBuffer`).
    func open(status: Int, headers: HTTPHeaders, _ makeGlue: @escaping @Sendable () -> any ChannelHandler)
}
