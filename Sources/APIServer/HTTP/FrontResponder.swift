import NIOCore
import NIOHTTP1
import Synchronization

/// The responder of a request that came over the network. Hops to the connection's loop when called from elsewhere.
final class FrontResponder: Responder, Tunnel {
    let eventLoop: any EventLoop
    private let sink: NIOLoopBound<any ResponseSink>
    private let auditID: String
    private let counter: InFlightCounter
    private let answered = Atomic<Bool>(false)
    private let canTunnel: Bool

    /// Must be made on `eventLoop`.
    init(sink: any ResponseSink, eventLoop: any EventLoop, auditID: String, counter: InFlightCounter, canTunnel: Bool) {
        self.sink = NIOLoopBound(sink, eventLoop: eventLoop)
        self.eventLoop = eventLoop
        self.auditID = auditID
        self.counter = counter
        self.canTunnel = canTunnel
        counter.begin()
    }

    deinit {
        // A handler that let go of its request without an answer must not leave the client waiting.
        guard !answered.load(ordering: .relaxed) else { return }
        let status = APIStatus.internalError("the request was dropped without an answer")
        let sink = sink
        let headers = decorated(["Content-Type": "application/json"])
        counter.end()
        onLoop(eventLoop) { sink.value.sendWhole(status: status.code, headers: headers, body: ByteBuffer(bytes: status.jsonBytes)) }
    }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        respond(status: status, headers: headers, body: ByteBuffer(bytes: body))
    }

    func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        guard claim() else { return }
        let headers = decorated(headers)
        if eventLoop.inEventLoop {
            sink.value.sendWhole(status: status, headers: headers, body: body)
        } else {
            let sink = sink
            eventLoop.execute { sink.value.sendWhole(status: status, headers: headers, body: body) }
        }
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        let writer = FrontStreamWriter(sink: sink, eventLoop: eventLoop)
        guard claim() else {
            writer.connectionEnded()
            return writer
        }
        let headers = decorated(headers)
        let sink = sink
        onLoop(eventLoop) {
            sink.value.sendHead(status: status, headers: headers, writer: writer)
            writer.opened()
        }
        return writer
    }

    func onAbandon(_ f: @escaping @Sendable () -> Void) {
        let sink = sink
        onLoop(eventLoop) { sink.value.whenAbandoned(f) }
    }

    var tunnel: (any Tunnel)? { canTunnel ? self : nil }

    func open(status: Int, headers: HTTPHeaders, _ makeGlue: @escaping @Sendable () -> any ChannelHandler) {
        guard claim() else { return }
        let sink = sink
        onLoop(eventLoop) { sink.value.beginTunnel(status: status, headers: headers, makeGlue()) }
    }

    /// Whether this is the first answer.
    private func claim() -> Bool {
        guard answered.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else { return false }
        counter.end()
        return true
    }

    private func decorated(_ headers: HTTPHeaders) -> HTTPHeaders {
        var headers = headers
        headers.add(name: "Audit-Id", value: auditID)
        if !headers.contains(name: "Cache-Control") { headers.add(name: "Cache-Control", value: "no-cache, private") }
        if !headers.contains(name: "Date") { headers.add(name: "Date", value: HTTPDate.shared.now) }
        return headers
    }
}

/// Runs `work` on the loop: now when it is there already.
func onLoop(_ eventLoop: any EventLoop, _ work: @escaping @Sendable () -> Void) {
    if eventLoop.inEventLoop { work() } else { eventLoop.execute(work) }
}

/// Requests that have no answer yet. What a shutdown waits for.
final class InFlightCounter: Sendable {
    private let count = Atomic<Int>(0)

    func begin() { count.wrappingAdd(1, ordering: .relaxed) }
    func end() { count.wrappingSubtract(1, ordering: .relaxed) }
    var current: Int { count.load(ordering: .relaxed) }
}
