import NIOCore
import Synchronization

/// Counts answers for `/metrics`.
package final class RequestMetrics: Sendable {
    struct Key: Hashable {
        var verb: String
        var group: String
        var version: String
        var resource: String
        var subresource: String
        var code: Int
    }

    private struct State {
        var counts: [Key: Int] = [:]
        var inFlight = 0
    }

    private let state = Mutex(State())

    package init() {}

    func begin() { state.withLock { $0.inFlight += 1 } }

    func end(_ info: RequestInfo, code: Int) {
        // Names of resources that do not exist come from outside and would make the table grow without bound.
        let key =
            info.isResourceRequest && (code < 400 || code > 405)
            ? Key(
                verb: info.verb, group: info.apiGroup, version: info.apiVersion, resource: info.resource,
                subresource: info.subresource, code: code)
            : Key(verb: Self.known(info.verb), group: "", version: "", resource: "", subresource: "", code: code)
        state.withLock { state in
            state.inFlight -= 1
            state.counts[key, default: 0] += 1
        }
    }

    /// In the text format of Prometheus.
    var text: String {
        let (counts, inFlight) = state.withLock { ($0.counts, $0.inFlight) }
        var text = "# HELP apiserver_request_total Requests answered, by verb, resource and code.\n# TYPE apiserver_request_total counter\n"
        let lines = counts.map { key, count in
            #"apiserver_request_total{code="\#(key.code)",group="\#(key.group)",resource="\#(key.resource)",subresource="\#(key.subresource)","#
                + #"verb="\#(key.verb.uppercased())",version="\#(key.version)"} \#(count)"#
        }
        text += lines.sorted().map { $0 + "\n" }.joined()
        text += "# HELP apiserver_current_inflight_requests Requests that have no answer yet.\n# TYPE apiserver_current_inflight_requests gauge\n"
        text += "apiserver_current_inflight_requests \(inFlight)\n"
        return text
    }

    private static func known(_ verb: String) -> String {
        ["get", "post", "put", "patch", "delete", "head", "options"].contains(verb) ? verb : "other"
    }
}

/// A responder that counts what goes through it, and gives the request's seat back when it is answered.
struct MeteredResponder: Responder {
    let inner: any Responder
    let metrics: RequestMetrics
    let info: RequestInfo
    /// Of streams the beginning counts: a watch takes no seat while nothing happens.
    var seat: FlowControl.Seat?

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        metrics.end(info, code: status)
        inner.respond(status: status, headers: headers, body: body)
        seat?.giveBack()
    }

    func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        metrics.end(info, code: status)
        inner.respond(status: status, headers: headers, body: body)
        seat?.giveBack()
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        metrics.end(info, code: status)
        seat?.giveBack()
        return inner.stream(status: status, headers: headers)
    }

    var tunnel: (any Tunnel)? {
        inner.tunnel.map { MeteredTunnel(inner: $0, metrics: metrics, info: info) }
    }
}

private struct MeteredTunnel: Tunnel {
    let inner: any Tunnel
    let metrics: RequestMetrics
    let info: RequestInfo

    var eventLoop: any EventLoop { inner.eventLoop }

    func open(status: Int, headers: HTTPHeaders, _ makeGlue: @escaping @Sendable () -> any ChannelHandler) {
        metrics.end(info, code: status)
        inner.open(status: status, headers: headers, makeGlue)
    }
}
