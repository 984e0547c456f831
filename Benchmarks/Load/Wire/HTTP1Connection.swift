import NIOCore

/// The client's end of an HTTP/1.1 connection, with one request at a time. It knows answers with a content-length only, which is what a server gives
/// that has its answer at hand.
final class HTTP1Connection: ChannelInboundHandler, ClientConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let authority: String
    private var context: ChannelHandlerContext?
    private var receiver: (any AnswerReceiver)?
    private var head = ByteBuffer()
    /// Nil until the answer's head is complete.
    private var bodyBytesLeft: Int?

    init(authority: String) { self.authority = authority }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func send(_ request: Request, _ receiver: any AnswerReceiver) {
        guard let context, context.channel.isActive else { return receiver.failed(.connectionLost("it is closed")) }
        self.receiver = receiver
        var head = "\(request.method) \(request.path) HTTP/1.1\r\nHost: \(authority)\r\nAccept: application/json\r\n"
        if let type = request.contentType { head += "Content-Type: \(type)\r\nContent-Length: \(request.body.readableBytes)\r\n" }
        var bytes = ByteBuffer(string: head + "\r\n")
        bytes.writeImmutableBuffer(request.body)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func close() { context?.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if bodyBytesLeft == nil {
            head.writeBuffer(&bytes)
            guard let end = HTTP1Head.end(of: head), let text = head.readString(length: end) else { return }
            bytes = head
            head = ByteBuffer()
            guard let status = HTTP1Head.status(of: text), let length = HTTP1Head.contentLength(of: text) else {
                return fail("an HTTP/1.1 answer without status or content-length")
            }
            receiver?.head(status: status)
            bodyBytesLeft = length
        }
        guard let left = bodyBytesLeft else { return }
        guard bytes.readableBytes <= left else { return fail("more bytes than the answer has") }
        if bytes.readableBytes > 0 { receiver?.bytes(bytes) }
        bodyBytesLeft = left - bytes.readableBytes
        if bodyBytesLeft == 0 {
            bodyBytesLeft = nil
            let done = receiver
            receiver = nil
            done?.end()
        }
    }

    func channelInactive(context: ChannelHandlerContext) { fail("the server closed it") }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail("\(error)")
        context.close(promise: nil)
    }

    private func fail(_ reason: String) {
        let failed = receiver
        receiver = nil
        failed?.failed(.connectionLost(reason))
    }
}

/// What little both ends need to read of the head of an HTTP/1.1 message.
enum HTTP1Head {
    /// The length of the head with the empty line at its end; nil while that has not come.
    static func end(of buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard bytes.count >= 4 else { return nil }
            for i in 3..<bytes.count where bytes[i] == 0x0A && bytes[i - 1] == 0x0D && bytes[i - 2] == 0x0A && bytes[i - 3] == 0x0D { return i + 1 }
            return nil
        }
    }

    static func status(of head: String) -> Int? {
        let words = head.prefix { $0 != "\r\n" }.split(separator: " ", maxSplits: 2)
        return words.count > 1 ? Int(words[1]) : nil
    }

    static func contentLength(of head: String) -> Int? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }
}
