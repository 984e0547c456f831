import NIOCore

/// Joins two channels of one loop: what is read on one is written on the other, no faster than the other takes it. Closing one closes the other.
final class GlueHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var partner: GlueHandler?
    private var context: ChannelHandlerContext?
    private var hasHeldRead = false
    /// What came before the partner had its channel.
    private var early: [ByteBuffer] = []

    static func pair() -> (GlueHandler, GlueHandler) {
        let pair = (GlueHandler(), GlueHandler())
        pair.0.partner = pair.1
        pair.1.partner = pair.0
        return pair
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if !early.isEmpty {
            for buffer in early { context.write(wrapOutboundOut(buffer), promise: nil) }
            early = []
            context.flush()
        }
        partner?.partnerBecameWritable()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        partner?.partner = nil
        partner = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        partner?.take(unwrapInboundIn(data))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        partner?.partnerClosed()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        partner?.partnerClosed()
        context.close(promise: nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.partnerBecameWritable() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.isWritable ?? false { context.read() } else { hasHeldRead = true }
    }

    private var isWritable: Bool { context?.channel.isWritable ?? false }

    private func take(_ buffer: ByteBuffer) {
        if let context { context.write(wrapOutboundOut(buffer), promise: nil) } else { early.append(buffer) }
    }

    private func partnerBecameWritable() {
        guard hasHeldRead, let context else { return }
        hasHeldRead = false
        context.read()
    }

    private func partnerClosed() {
        // What has been written still goes out before the close.
        context?.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: nil)
        context?.close(promise: nil)
    }
}
