import NIOCore
import NIOHPACK
import NIOHTTP1

/// One HTTP/2 connection (RFC 9113), the server's side.
///
/// Everything that goes out in one turn of the loop, whichever requests it belongs to, is gathered in one buffer and written at once: one TLS record,
/// one system call. What the client's windows or the socket do not take yet stays with its stream.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A header block that goes on in another frame.
    private struct HeaderBlock {
        let stream: UInt32
        let endsStream: Bool
        var bytes: ByteBuffer
        var frames = 1
    }

    private let front: HTTPFront
    private let client: ClientConnection
    private var context: ChannelHandlerContext?
    private var watchdog: RepeatedTask?
    private var lastRead = NIODeadline.now()

    // What comes in.
    private var reader = HTTP2FrameReader()
    private var decoder: HPACKDecoder
    private var openBlock: HeaderBlock?
    private var receiveWindow = HTTP2ReceiveWindow(target: HTTPLimits.connectionReceiveWindow)
    private var hasSettings = false
    private var controlFrames: HTTP2FloodGuard
    private var resets: HTTP2FloodGuard

    // What goes out.
    private var out = ByteBuffer()
    private var peer = HTTP2PeerSettings()
    private var window = 65_535
    private var mustSignalTable = true
    /// Streams that have something to send, each in its turn.
    private var listed = CircularBuffer<HTTP2Stream>()
    private var isReading = false
    private var isFlushing = false
    private var isFlushScheduled = false

    private var streams: [UInt32: HTTP2Stream] = [:]
    private var lastStream: UInt32 = 0
    /// No further requests are taken; closes with the last stream.
    private var isGoingAway = false

    init(
        front: HTTPFront, client: ClientConnection, controlFramesMax: Int = HTTPLimits.controlFramesMax,
        streamResetsMax: Int = HTTPLimits.streamResetsMax
    ) {
        self.front = front
        self.client = client
        controlFrames = HTTP2FloodGuard(limit: controlFramesMax)
        resets = HTTP2FloodGuard(limit: streamResetsMax)
        decoder = HPACKDecoder(
            allocator: ByteBufferAllocator(), maxDynamicTableSize: HPACKDecoder.maxDynamicTableSize,
            maxHeaderListSize: HTTPLimits.requestHeadBytesMax)
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        watchdog = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(15), delay: .seconds(15)) { _ in
            connection.value.checkTimeouts()
        }
        let settings: [(UInt16, Int)] = [
            (3, HTTPLimits.concurrentStreamsMax), (4, HTTPLimits.streamReceiveWindow), (6, HTTPLimits.requestHeadBytesMax),
        ]
        out.writeFrameHeader(kind: HTTP2Frame.Kind.settings, flags: 0, stream: 0, length: 6 * settings.count)
        for (id, value) in settings { out.writeMultipleIntegers(id, UInt32(truncatingIfNeeded: value)) }
        out.writeWindowUpdate(stream: 0, increment: HTTPLimits.connectionReceiveWindow - 65_535)
        flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end()
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        lastRead = .now()
        reader.append(unwrapInboundIn(data))
        do throws(HTTP2Violation) {
            while self.context != nil, let frame = try reader.next() { try take(frame) }
        } catch {
            fail(error)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        closeIfDone()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { flush() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            goAway(.noError, "the server shuts down")
            for stream in streams.values { stream.finishStreaming() }
            flush()
            closeIfDone()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Lets go of everything; what handlers still answer goes nowhere.
    private func end() {
        watchdog?.cancel()
        watchdog = nil
        context = nil
        listed.removeAll()
        let ending = streams.values
        streams = [:]
        for stream in ending { stream.end() }
    }

    private func fail(_ violation: HTTP2Violation) {
        goAway(violation.code, violation.reason)
        flush()
        let context = context
        end()
        context?.close(promise: nil)
    }

    private func goAway(_ code: HTTP2ErrorCode, _ reason: StaticString) {
        isGoingAway = true
        out.writeGoAway(lastStream: lastStream, code, reason: reason)
    }

    private func closeIfDone() {
        guard isGoingAway, streams.isEmpty, let context else { return }
        flush()
        context.close(promise: nil)
    }

    private func checkTimeouts() {
        let now = NIODeadline.now()
        for stream in streams.values where stream.isStale(at: now) { reset(stream, .cancel) }
        if streams.isEmpty, now - lastRead > HTTPLimits.idleTimeout || openBlock != nil { goAway(.noError, "nothing came for long") }
        flush()
        closeIfDone()
    }

    // MARK: Frames

    /// - Throws: what ends the connection; what only ends a stream has been seen to.
    private func take(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        if !hasSettings {
            guard frame.kind == HTTP2Frame.Kind.settings, !frame.has(HTTP2Frame.Flag.acknowledgment) else {
                throw HTTP2Violation(.protocolError, "the first frame is not SETTINGS")
            }
            hasSettings = true
        }
        if openBlock != nil, frame.kind != HTTP2Frame.Kind.continuation {
            throw HTTP2Violation(.protocolError, "a header block was not ended")
        }
        do throws(HTTP2Violation) {
            try dispatch(frame)
        } catch {
            guard let id = error.stream else { throw error }
            try resets.add()
            out.writeResetStream(id, error.code)
            if let stream = streams[id] { leave(stream) }
        }
    }

    private func dispatch(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        switch frame.kind {
        case HTTP2Frame.Kind.data: try takeData(frame)
        case HTTP2Frame.Kind.headers: try takeHeaders(frame)
        case HTTP2Frame.Kind.continuation: try takeContinuation(frame)
        case HTTP2Frame.Kind.windowUpdate: try takeWindowUpdate(frame)
        case HTTP2Frame.Kind.resetStream: try takeReset(frame)
        case HTTP2Frame.Kind.settings: try takeSettings(frame)
        case HTTP2Frame.Kind.ping: try takePing(frame)
        case HTTP2Frame.Kind.goAway: try takeGoAway(frame)
        case HTTP2Frame.Kind.priority:
            try controlFrames.add()
            guard frame.stream != 0 else { throw HTTP2Violation(.protocolError, "PRIORITY belongs to a stream") }
            guard frame.payload.readableBytes == 5 else { throw HTTP2Violation(.frameSizeError, "PRIORITY has five bytes", stream: frame.stream) }
        case HTTP2Frame.Kind.pushPromise: throw HTTP2Violation(.protocolError, "a client does not push")
        default: try controlFrames.add()
        }
    }

    private func takeData(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        var frame = frame
        let bytes = frame.payload.readableBytes
        try checkOpened(frame.stream)
        let growth = try receiveWindow.take(bytes)
        if growth > 0 { grow(stream: 0, by: growth) }
        try frame.removePadding()
        let endsRequest = frame.has(HTTP2Frame.Flag.endStream)
        if frame.payload.readableBytes == 0, !endsRequest { try controlFrames.add() }
        guard let stream = streams[frame.stream] else { throw HTTP2Violation(.streamClosed, "data on a closed stream", stream: frame.stream) }
        try stream.receive(frame.payload, bytes: bytes, endsRequest: endsRequest)
    }

    private func takeHeaders(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        var frame = frame
        guard frame.stream & 1 == 1 else { throw HTTP2Violation(.protocolError, "a client's streams have odd numbers") }
        try frame.removePadding()
        if frame.has(HTTP2Frame.Flag.priority) {
            guard frame.payload.readableBytes >= 5 else { throw HTTP2Violation(.frameSizeError, "HEADERS has no room for its priority") }
            frame.payload.moveReaderIndex(forwardBy: 5)
        }
        let block = HeaderBlock(stream: frame.stream, endsStream: frame.has(HTTP2Frame.Flag.endStream), bytes: frame.payload)
        if frame.has(HTTP2Frame.Flag.endHeaders) { try takeBlock(block) } else { openBlock = block }
    }

    private func takeContinuation(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        guard var block = openBlock, block.stream == frame.stream else {
            throw HTTP2Violation(.protocolError, "CONTINUATION continues nothing")
        }
        openBlock = nil
        block.bytes.writeImmutableBuffer(frame.payload)
        block.frames += 1
        guard block.bytes.readableBytes <= HTTPLimits.requestHeadBytesMax, block.frames <= HTTPLimits.headerFramesMax else {
            throw HTTP2Violation(.enhanceYourCalm, "the headers are too large")
        }
        if frame.has(HTTP2Frame.Flag.endHeaders) { try takeBlock(block) } else { openBlock = block }
    }

    private func takeBlock(_ block: HeaderBlock) throws(HTTP2Violation) {
        var bytes = block.bytes
        let fields: HPACKHeaders
        do {
            // Also where the stream does not count: the blocks of a connection build on each other.
            fields = try decoder.decodeHeaders(from: &bytes)
        } catch {
            throw HTTP2Violation(.compressionError, "the headers cannot be read or are too large")
        }
        let id = block.stream
        if let stream = streams[id] {
            guard block.endsStream else { throw HTTP2Violation(.protocolError, "trailers that do not end the request", stream: id) }
            try HTTP2RequestHead.checkTrailers(fields, stream: id)
            try stream.requestEnded()
            return
        }
        guard id > lastStream else { throw HTTP2Violation(.streamClosed, "headers on a closed stream", stream: id) }
        guard !isGoingAway else { throw HTTP2Violation(.refusedStream, "no further requests", stream: id) }
        lastStream = id
        guard streams.count < HTTPLimits.concurrentStreamsMax else {
            throw HTTP2Violation(.refusedStream, "too many requests at a time", stream: id)
        }
        let head = try HTTP2RequestHead(fields, stream: id)
        let stream = HTTP2Stream(id: id, head: head, window: peer.initialWindow, connection: self)
        streams[id] = stream
        try stream.begin(endsRequest: block.endsStream)
    }

    private func takeWindowUpdate(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        guard frame.payload.readableBytes == 4, let word = frame.payload.getInteger(at: frame.payload.readerIndex, as: UInt32.self) else {
            throw HTTP2Violation(.frameSizeError, "WINDOW_UPDATE has four bytes")
        }
        let increment = Int(word & 0x7FFF_FFFF)
        if frame.stream == 0 {
            guard increment > 0 else { throw HTTP2Violation(.protocolError, "a window grows by more than nothing") }
            window += increment
            guard window <= HTTP2PeerSettings.windowMax else { throw HTTP2Violation(.flowControlError, "the connection's window is too large") }
            if !listed.isEmpty { needFlush() }
            return
        }
        try checkOpened(frame.stream)
        guard increment > 0 else { throw HTTP2Violation(.protocolError, "a window grows by more than nothing", stream: frame.stream) }
        guard let stream = streams[frame.stream] else { return }
        stream.window += increment
        guard stream.window <= HTTP2PeerSettings.windowMax else {
            throw HTTP2Violation(.flowControlError, "the stream's window is too large", stream: frame.stream)
        }
        list(stream)
    }

    private func takeReset(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        guard frame.payload.readableBytes == 4 else { throw HTTP2Violation(.frameSizeError, "RST_STREAM has four bytes") }
        try checkOpened(frame.stream)
        try resets.add()
        if let stream = streams[frame.stream] { leave(stream) }
    }

    private func takeSettings(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        try controlFrames.add()
        guard frame.stream == 0 else { throw HTTP2Violation(.protocolError, "SETTINGS belong to no stream") }
        if frame.has(HTTP2Frame.Flag.acknowledgment) {
            guard frame.payload.readableBytes == 0 else { throw HTTP2Violation(.frameSizeError, "an acknowledgment is empty") }
            return
        }
        let change = try peer.apply(frame.payload)
        if change.changesHeaderTable { mustSignalTable = true }
        if change.windowDelta != 0 {
            for stream in streams.values {
                stream.window += change.windowDelta
                guard stream.window <= HTTP2PeerSettings.windowMax else {
                    throw HTTP2Violation(.flowControlError, "a stream's window is too large")
                }
                list(stream)
            }
        }
        out.writeFrameHeader(kind: HTTP2Frame.Kind.settings, flags: HTTP2Frame.Flag.acknowledgment, stream: 0, length: 0)
        needFlush()
    }

    private func takePing(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        try controlFrames.add()
        guard frame.stream == 0 else { throw HTTP2Violation(.protocolError, "PING belongs to no stream") }
        guard frame.payload.readableBytes == 8 else { throw HTTP2Violation(.frameSizeError, "PING has eight bytes") }
        if frame.has(HTTP2Frame.Flag.acknowledgment) { return }
        out.writeFrameHeader(kind: HTTP2Frame.Kind.ping, flags: HTTP2Frame.Flag.acknowledgment, stream: 0, length: 8)
        out.writeImmutableBuffer(frame.payload)
        needFlush()
    }

    private func takeGoAway(_ frame: HTTP2Frame) throws(HTTP2Violation) {
        guard frame.stream == 0 else { throw HTTP2Violation(.protocolError, "GOAWAY belongs to no stream") }
        guard frame.payload.readableBytes >= 8 else { throw HTTP2Violation(.frameSizeError, "GOAWAY has eight bytes") }
        isGoingAway = true
        closeIfDone()
    }

    /// - Throws: when the client has never begun this stream.
    private func checkOpened(_ id: UInt32) throws(HTTP2Violation) {
        guard id & 1 == 1, id <= lastStream else { throw HTTP2Violation(.protocolError, "a frame of a stream that was never begun") }
    }

    // MARK: For the streams

    func dispatch(_ assembly: RequestAssembly, for stream: HTTP2Stream) {
        guard let context else { return }
        switch assembly.finish(connection: client, ids: front.ids) {
        case .success(let request):
            let responder = FrontResponder(
                sink: stream, eventLoop: context.eventLoop, auditID: request.auditID, counter: front.counter, canTunnel: false)
            front.handler.handle(request, responder)
        case .failure(let status):
            FrontResponder(sink: stream, eventLoop: context.eventLoop, auditID: front.ids.next(), counter: front.counter, canTunnel: false)
                .respond(status)
        }
    }

    func writeHead(status: Int, headers: HTTPHeaders, contentLength: Int?, endStream: Bool, stream: UInt32) {
        let start = out.writerIndex
        out.writeFrameHeader(kind: HTTP2Frame.Kind.headers, flags: 0, stream: stream, length: 0)
        if mustSignalTable {
            mustSignalTable = false
            out.writeInteger(HTTP2ResponseHeaders.noTable)
        }
        HTTP2ResponseHeaders.write(status: status, headers: headers, contentLength: contentLength, to: &out)
        let length = out.writerIndex - start - HTTP2Frame.headerBytes
        let flags = endStream ? HTTP2Frame.Flag.endStream : 0
        if length <= peer.payloadBytesMax {
            out.setInteger(UInt32(truncatingIfNeeded: length) << 8 | UInt32(HTTP2Frame.Kind.headers), at: start)
            out.setInteger(flags | HTTP2Frame.Flag.endHeaders, at: start + 4)
        } else if var block = out.getSlice(at: start + HTTP2Frame.headerBytes, length: length) {
            out.moveWriterIndex(to: start)
            var kind = HTTP2Frame.Kind.headers
            while let part = block.readSlice(length: min(block.readableBytes, peer.payloadBytesMax)), part.readableBytes > 0 {
                let ending = block.readableBytes == 0 ? HTTP2Frame.Flag.endHeaders : 0
                out.writeFrameHeader(
                    kind: kind, flags: ending | (kind == HTTP2Frame.Kind.headers ? flags : 0), stream: stream, length: part.readableBytes)
                out.writeImmutableBuffer(part)
                kind = HTTP2Frame.Kind.continuation
            }
        }
        needFlush()
    }

    /// Lets the client send more, on a stream or (0) on the connection.
    func grow(stream: UInt32, by increment: Int) {
        out.writeWindowUpdate(stream: stream, increment: increment)
        needFlush()
    }

    /// Notes that a stream may have something to send.
    func list(_ stream: HTTP2Stream) {
        guard !stream.isListed, stream.canSend else { return }
        stream.isListed = true
        listed.append(stream)
        needFlush()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        out.writeResetStream(stream.id, code)
        leave(stream)
        needFlush()
    }

    /// The stream is over.
    func leave(_ stream: HTTP2Stream) {
        streams[stream.id] = nil
        stream.end()
        if isGoingAway, streams.isEmpty { needFlush() }
    }

    // MARK: Out

    /// Sees to it that what is gathered goes out at the end of this turn.
    private func needFlush() {
        guard !isReading, !isFlushing, !isFlushScheduled, let context else { return }
        isFlushScheduled = true
        let connection = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            connection.value.isFlushScheduled = false
            connection.value.flush()
            connection.value.closeIfDone()
        }
    }

    private func flush() {
        guard !isFlushing, let context else { return }
        isFlushing = true
        defer { isFlushing = false }
        while true {
            if context.channel.isWritable { gather() }
            guard out.readableBytes > 0 else { break }
            context.write(wrapOutboundOut(out), promise: nil)
            context.flush()
            // The bytes are encrypted or with the system now, so that the buffer is free again. One that has grown does not stay.
            if out.capacity > HTTPLimits.keptBufferBytesMax { out = ByteBuffer() } else { out.clear() }
            guard self.context != nil else { break }
        }
    }

    /// Fills the buffer with data from the streams, a frame of each in turn.
    private func gather() {
        while out.readableBytes < HTTPLimits.writeBytesMax, window > 0 || listed.first?.outgoingBytes == 0, let stream = listed.popFirst() {
            stream.isListed = false
            guard stream.canSend else { continue }
            window -= stream.writeFrame(to: &out, max: min(window, peer.payloadBytesMax, HTTPLimits.dataFrameBytesMax))
            if stream.canSend {
                stream.isListed = true
                listed.append(stream)
            }
        }
    }
}
