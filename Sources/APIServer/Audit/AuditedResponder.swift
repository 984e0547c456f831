import NIOCore
import NIOHTTP1

/// A responder that records the answer.
struct AuditedResponder: Responder {
    let inner: any Responder
    let trail: AuditTrail

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        trail.answered(status: status, contentType: headers.first(name: "Content-Type"), body: body)
        inner.respond(status: status, headers: headers, body: body)
    }

    func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        trail.answered(status: status, contentType: headers.first(name: "Content-Type"), body: Array(body.readableBytesView))
        inner.respond(status: status, headers: headers, body: body)
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        trail.began(status: status)
        let writer = inner.stream(status: status, headers: headers)
        let trail = trail
        writer.onClose { trail.record(.responseComplete) }
        return writer
    }

    func onAbandon(_ f: @escaping @Sendable () -> Void) { inner.onAbandon(f) }

    var tunnel: (any Tunnel)? {
        inner.tunnel.map { AuditedTunnel(inner: $0, trail: trail) }
    }
}

private struct AuditedTunnel: Tunnel {
    let inner: any Tunnel
    let trail: AuditTrail

    var eventLoop: any EventLoop { inner.eventLoop }

    func open(status: Int, headers: HTTPHeaders, _ makeGlue: @escaping @Sendable () -> any ChannelHandler) {
        trail.began(status: status)
        trail.record(.responseComplete)
        inner.open(status: status, headers: headers, makeGlue)
    }
}
