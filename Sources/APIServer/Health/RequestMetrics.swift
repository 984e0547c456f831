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
        var scope: String
        var code: Int
    }

    /// How many answers there were, and how long they took.
    private struct Answers {
        var count = 0
        var seconds = 0.0
        /// Of each bound the answers that took no longer than it and longer than the one before.
        var buckets = [Int](repeating: 0, count: RequestMetrics.bounds.count)

        mutating func add(_ seconds: Double, _ bucket: Int?) {
            count += 1
            self.seconds += seconds
            if let bucket { buckets[bucket] += 1 }
        }

        mutating func add(_ other: Answers) {
            count += other.count
            seconds += other.seconds
            for (bucket, count) in other.buckets.enumerated() { buckets[bucket] += count }
        }
    }

    /// Upstream's, in seconds.
    private static let bounds: [Double] = [
        0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    ]

    private struct State {
        var answers: [Key: Answers] = [:]
        var reading = 0
        var writing = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// A request begins. To be told of its end by what this returns.
    func begin(_ method: String) -> RequestArrival {
        let isMutating =
            switch method {
            case "GET", "HEAD", "OPTIONS": false
            default: true
            }
        state.withLock { state in
            if isMutating { state.writing += 1 } else { state.reading += 1 }
        }
        return RequestArrival(isMutating: isMutating, moment: .now)
    }

    func end(_ info: RequestInfo, _ arrival: RequestArrival, code: Int) {
        // Names of resources that do not exist come from outside and would make the table grow without bound.
        let key =
            info.isResourceRequest && (code < 400 || code > 405)
            ? Key(
                verb: Self.word(info.verb), group: info.apiGroup, version: info.apiVersion, resource: info.resource,
                subresource: info.subresource, scope: !info.name.isEmpty ? "resource" : info.namespace.isEmpty ? "cluster" : "namespace", code: code)
            : Key(verb: Self.known(info.verb), group: "", version: "", resource: "", subresource: "", scope: "", code: code)
        let passed = arrival.moment.duration(to: .now).components
        let seconds = Double(passed.seconds) + Double(passed.attoseconds) / 1e18
        state.withLock { state in
            if arrival.isMutating { state.writing -= 1 } else { state.reading -= 1 }
            // A watch lasts as long as its client likes.
            let bucket = info.verb == "watch" ? nil : Self.bounds.firstIndex { seconds <= $0 }
            state.answers[key, default: Answers()].add(seconds, bucket)
        }
    }

    /// In the text format of Prometheus.
    var text: String {
        let (answers, reading, writing) = state.withLock { ($0.answers, $0.reading, $0.writing) }
        var text = "# HELP apiserver_request_total Requests answered, by verb, resource and code.\n# TYPE apiserver_request_total counter\n"
        text += answers.map { "apiserver_request_total{code=\"\($0.code)\",\($0.labels)} \($1.count)\n" }.sorted().joined()
        text += "# HELP apiserver_current_inflight_requests Requests that have no answer yet.\n# TYPE apiserver_current_inflight_requests gauge\n"
        text += "apiserver_current_inflight_requests{request_kind=\"mutating\"} \(writing)\n"
        text += "apiserver_current_inflight_requests{request_kind=\"readOnly\"} \(reading)\n"
        let name = "apiserver_request_duration_seconds"
        text += "# HELP \(name) How long answers took, without watches.\n# TYPE \(name) histogram\n"
        let byTarget = answers.filter { $0.key.verb != "WATCH" }.reduce(into: [String: Answers]()) {
            $0[$1.key.labels, default: Answers()].add($1.value)
        }
        for (labels, answers) in byTarget.sorted(by: { $0.key < $1.key }) {
            var sum = 0
            for (bound, count) in zip(Self.bounds, answers.buckets) {
                sum += count
                text += "\(name)_bucket{\(labels),le=\"\(bound == bound.rounded() ? "\(Int(bound))" : "\(bound)")\"} \(sum)\n"
            }
            text += "\(name)_bucket{\(labels),le=\"+Inf\"} \(answers.count)\n"
            text += "\(name)_sum{\(labels)} \(answers.seconds)\n\(name)_count{\(labels)} \(answers.count)\n"
        }
        return text
    }

    /// What upstream's metrics call a verb.
    private static func word(_ verb: String) -> String {
        switch verb {
        case "create": "POST"
        case "update": "PUT"
        case "proxy": "CONNECT"
        default: verb.uppercased()
        }
    }

    private static func known(_ verb: String) -> String {
        ["get", "post", "put", "patch", "delete", "head", "options"].contains(verb) ? verb.uppercased() : "OTHER"
    }
}

extension RequestMetrics.Key {
    /// All but the code, as Prometheus writes them.
    fileprivate var labels: String {
        #"component="apiserver",dry_run="",group="\#(group)",resource="\#(resource)",scope="\#(scope)",subresource="\#(subresource)","#
            + #"verb="\#(verb)",version="\#(version)""#
    }
}

/// When a request began.
package struct RequestArrival: Sendable {
    let isMutating: Bool
    let moment: ContinuousClock.Instant
}

/// A responder that counts what goes through it, and gives the request's seat back when it is answered.
struct MeteredResponder: Responder {
    let inner: any Responder
    let metrics: RequestMetrics
    let info: RequestInfo
    let arrival: RequestArrival
    /// Of streams the beginning counts: a watch takes no seat while nothing happens.
    let seat: FlowControl.Seat?

    init(inner: any Responder, metrics: RequestMetrics, info: RequestInfo, arrival: RequestArrival, seat: FlowControl.Seat? = nil) {
        self.inner = inner
        self.metrics = metrics
        self.info = info
        self.arrival = arrival
        self.seat = seat
        // Who has gone takes no seat, however long the handler goes on. A handler that lets go of the request gives the seat back by that.
        if let seat { inner.onAbandon { [weak seat] in seat?.giveBack() } }
    }

    func onAbandon(_ f: @escaping @Sendable () -> Void) { inner.onAbandon(f) }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        metrics.end(info, arrival, code: status)
        inner.respond(status: status, headers: headers, body: body)
        seat?.giveBack()
    }

    func respond(status: Int, headers: HTTPHeaders, body: ByteBuffer) {
        metrics.end(info, arrival, code: status)
        inner.respond(status: status, headers: headers, body: body)
        seat?.giveBack()
    }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        metrics.end(info, arrival, code: status)
        seat?.giveBack()
        return inner.stream(status: status, headers: headers)
    }

    var tunnel: (any Tunnel)? {
        inner.tunnel.map { MeteredTunnel(inner: $0, metrics: metrics, info: info, arrival: arrival) }
    }
}

private struct MeteredTunnel: Tunnel {
    let inner: any Tunnel
    let metrics: RequestMetrics
    let info: RequestInfo
    let arrival: RequestArrival

    var eventLoop: any EventLoop { inner.eventLoop }

    func open(status: Int, headers: HTTPHeaders, _ makeGlue: @escaping @Sendable () -> any ChannelHandler) {
        metrics.end(info, arrival, code: status)
        inner.open(status: status, headers: headers, makeGlue)
    }
}
