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

    /// What is read is put into other words on its way.
    private var translate: ((ByteBuffer) -> TranslatedBytes)?
    /// The last words to the channel when the other has closed.
    private var lastWords: (() -> ByteBuffer)?

    /// - Parameter translation: between the first, of the client, and the second, of the backend; nil: the bytes as they are. The client is
    ///   greeted here, the backend by the caller.
    static func pair(_ translation: (any TunnelTranslation)? = nil) -> (GlueHandler, GlueHandler) {
        let pair = (GlueHandler(), GlueHandler())
        pair.0.partner = pair.1
        pair.1.partner = pair.0
        if let translation {
            pair.0.translate = translation.fromClient
            pair.1.translate = translation.fromBackend
            pair.0.lastWords = translation.closing
            pair.0.early = [translation.greetingForClient()]
        }
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
        let bytes = unwrapInboundIn(data)
        guard let translate else {
            partner?.take(bytes)
            return
        }
        let translated = translate(bytes)
        if translated.back.readableBytes > 0 { context.write(wrapOutboundOut(translated.back), promise: nil) }
        if translated.onward.readableBytes > 0 { partner?.take(translated.onward) }
        guard translated.isOver else { return }
        self.translate = { _ in TranslatedBytes() }
        lastWords = nil
        partner?.lastWords = nil
        partner?.partnerClosed()
        partnerClosed()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        if translate != nil { context.flush() }
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
        context?.writeAndFlush(wrapOutboundOut(lastWords?() ?? ByteBuffer()), promise: nil)
        lastWords = nil
        context?.close(promise: nil)
    }
}
