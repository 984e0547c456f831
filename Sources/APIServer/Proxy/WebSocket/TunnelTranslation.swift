import NIOCore
import NIOHTTP1

/// What one side of a tunnel has said, in the words of the other.
struct TranslatedBytes {
    /// For the other side.
    var onward = ByteBuffer()
    /// For the side that spoke.
    var back = ByteBuffer()
    /// Whether both connections are to be closed now.
    var isOver = false
}

/// Stands between a client that speaks WebSocket and a kubelet that speaks SPDY. Lives on the loop of both.
protocol TunnelTranslation: AnyObject {
    /// What each side hears first.
    func greetingForClient() -> ByteBuffer
    func greetingForBackend() -> ByteBuffer
    func fromClient(_ bytes: ByteBuffer) -> TranslatedBytes
    func fromBackend(_ bytes: ByteBuffer) -> TranslatedBytes
    /// The last words to the client when the kubelet has closed its end.
    func closing() -> ByteBuffer
}

/// What the API server itself answers of a client's wish for a WebSocket, since runtimes do not know it.
struct WebSocketWish: Sendable {
    private static let remoteCommand = "v5.channel.k8s.io"
    private static let portForward = "SPDY/3.1+portforward.k8s.io"
    /// With which of them kubelets are asked, the best first.
    private static let remoteCommandsOfSPDY = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"]

    private let protocolName: String
    private let key: String
    private let options: RemoteCommandOptions?

    /// Nil for all else, which goes to the runtime as it is.
    init?(_ request: APIRequest) {
        let headers = request.headers
        guard request.method == "GET", headers[canonicalForm: "Upgrade"].contains(where: { $0.lowercased() == "websocket" }),
            headers.first(name: "Sec-WebSocket-Version") == "13", let key = headers.first(name: "Sec-WebSocket-Key")
        else { return nil }
        let isPortForward = request.info.subresource == "portforward"
        let wanted = isPortForward ? Self.portForward : Self.remoteCommand
        guard headers[canonicalForm: "Sec-WebSocket-Protocol"].contains(where: { $0 == wanted }) else { return nil }
        protocolName = wanted
        self.key = key
        options = isPortForward ? nil : RemoteCommandOptions(request.query)
    }

    /// What the kubelet is asked in place of it.
    func apply(to headers: inout HTTPHeaders) {
        for name in headers.map(\.name) where name.lowercased().hasPrefix("sec-websocket-") { headers.remove(name: name) }
        headers.replaceOrAdd(name: "Upgrade", value: "SPDY/3.1")
        for version in options == nil ? ["portforward.k8s.io"] : Self.remoteCommandsOfSPDY {
            headers.add(name: "X-Stream-Protocol-Version", value: version)
        }
    }

    /// What the client hears when the kubelet has agreed.
    var answer: HTTPHeaders {
        [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": WebSocketFrames.accept(key: key),
            "Sec-WebSocket-Protocol": protocolName,
        ]
    }

    func translation() -> any TunnelTranslation {
        options.map { RemoteCommandTranslation($0) } ?? PortForwardTranslation()
    }
}

/// A connection for forwarded ports speaks SPDY inside the messages, as it does without them.
final class PortForwardTranslation: TunnelTranslation {
    private var reader = WebSocketReader()

    func greetingForClient() -> ByteBuffer { ByteBuffer() }
    func greetingForBackend() -> ByteBuffer { ByteBuffer() }

    func fromClient(_ bytes: ByteBuffer) -> TranslatedBytes {
        var result = TranslatedBytes()
        reader.feed(bytes)
        while !result.isOver, let event = reader.next() {
            if case .message(let message) = event { result.onward.writeImmutableBuffer(message) } else { result.answer(event) }
        }
        return result
    }

    func fromBackend(_ bytes: ByteBuffer) -> TranslatedBytes {
        var result = TranslatedBytes()
        WebSocketFrames.write(.binary, bytes, to: &result.onward)
        return result
    }

    func closing() -> ByteBuffer { TranslatedBytes.normalClose }
}

extension TranslatedBytes {
    static var normalClose: ByteBuffer {
        var buffer = ByteBuffer()
        WebSocketFrames.close(.normal, to: &buffer)
        return buffer
    }

    /// What a client's frame that is no message asks of ourselves.
    mutating func answer(_ event: WebSocketReader.Event) {
        switch event {
        case .message: break
        case .ping(let payload): WebSocketFrames.write(.pong, payload, to: &back)
        case .close:
            WebSocketFrames.close(.normal, to: &back)
            isOver = true
        case .failure(let code):
            WebSocketFrames.close(code, to: &back)
            isOver = true
        }
    }
}
