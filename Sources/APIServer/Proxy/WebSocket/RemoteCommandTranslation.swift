import NIOCore

/// Which streams a command is run with.
struct RemoteCommandOptions: Sendable {
    var input: Bool
    var output: Bool
    var errorOutput: Bool
    var isTerminal: Bool

    init(_ query: QueryItems) {
        input = query.bool("stdin")
        output = query.bool("stdout")
        isTerminal = query.bool("tty")
        // A terminal has one output.
        errorOutput = query.bool("stderr") && !isTerminal
    }
}

/// `exec` and `attach`: messages that each begin with the number of their channel (v5.channel.k8s.io), and a stream for each channel.
final class RemoteCommandTranslation: TunnelTranslation {
    private enum Channel: UInt8, CaseIterable {
        case input = 0
        case output = 1
        case errorOutput = 2
        /// How it has ended.
        case status = 3
        case resize = 4
        /// Says that a channel has ended, by its number.
        case close = 255

        /// What kubelets call it.
        var streamType: String {
            switch self {
            case .input: "stdin"
            case .output: "stdout"
            case .errorOutput: "stderr"
            case .status: "error"
            case .resize: "resize"
            case .close: ""
            }
        }
    }

    /// In the order in which they are opened; a client's streams have odd numbers.
    private let channels: [Channel]
    private var webSocket = WebSocketReader()
    private var spdy = SPDYReader()
    private var open: Set<UInt32>
    private var inputHasEnded = false

    init(_ options: RemoteCommandOptions) {
        var channels: [Channel] = [.status]
        if options.input { channels.append(.input) }
        if options.output { channels.append(.output) }
        if options.errorOutput { channels.append(.errorOutput) }
        if options.isTerminal { channels.append(.resize) }
        self.channels = channels
        open = Set(channels.indices.filter { [.status, .output, .errorOutput].contains(channels[$0]) }.map { UInt32(2 * $0 + 1) })
    }

    func greetingForBackend() -> ByteBuffer {
        var backend = ByteBuffer()
        for (index, channel) in channels.enumerated() {
            SPDYFrames.open(UInt32(2 * index + 1), "streamtype", channel.streamType, isFirst: index == 0, to: &backend)
        }
        return backend
    }

    /// An empty message says that the session has begun.
    func greetingForClient() -> ByteBuffer {
        var client = ByteBuffer()
        let first = [Channel.output, .errorOutput].first { channels.contains($0) } ?? .status
        WebSocketFrames.write(.binary, ByteBuffer(), prefix: first.rawValue, to: &client)
        return client
    }

    func fromClient(_ bytes: ByteBuffer) -> TranslatedBytes {
        var result = TranslatedBytes()
        webSocket.feed(bytes)
        while !result.isOver, let event = webSocket.next() {
            if case .message(let message) = event { take(message, &result) } else { result.answer(event) }
        }
        return result
    }

    private func take(_ message: ByteBuffer, _ result: inout TranslatedBytes) {
        var message = message
        guard let number: UInt8 = message.readInteger(), let channel = Channel(rawValue: number) else { return }
        switch channel {
        case .input, .resize:
            guard message.readableBytes > 0, let stream = stream(of: channel), channel == .resize || !inputHasEnded else { return }
            SPDYFrames.data(stream, message, to: &result.onward)
        case .close:
            guard message.readInteger(as: UInt8.self) == Channel.input.rawValue, let stream = stream(of: .input), !inputHasEnded else { return }
            inputHasEnded = true
            SPDYFrames.data(stream, ByteBuffer(), flags: SPDYFrames.fin, to: &result.onward)
        case .output, .errorOutput, .status: break
        }
    }

    func fromBackend(_ bytes: ByteBuffer) -> TranslatedBytes {
        var result = TranslatedBytes()
        spdy.feed(bytes)
        while !result.isOver, let event = spdy.next() {
            switch event {
            case .data(let stream, let payload):
                guard open.contains(stream), let channel = channel(of: stream) else { continue }
                WebSocketFrames.write(.binary, payload, prefix: channel.rawValue, to: &result.onward)
            case .end(let stream):
                guard open.remove(stream) != nil, open.isEmpty else { continue }
                result.onward.writeImmutableBuffer(closing())
                result.isOver = true
            case .ping(let payload): SPDYFrames.pong(payload, to: &result.back)
            case .failure:
                WebSocketFrames.close(.protocolError, to: &result.onward)
                result.isOver = true
            }
        }
        return result
    }

    func closing() -> ByteBuffer { TranslatedBytes.normalClose }

    private func stream(of channel: Channel) -> UInt32? { channels.firstIndex(of: channel).map { UInt32(2 * $0 + 1) } }

    private func channel(of stream: UInt32) -> Channel? {
        let index = Int(stream / 2)
        return stream % 2 == 1 && channels.indices.contains(index) ? channels[index] : nil
    }
}
