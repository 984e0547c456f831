import NIOHTTP1
import Synchronization

/// One thing that must be well for the server to count as alive or ready.
package struct HealthCheck: Sendable {
    package enum Scope: Sendable {
        /// For `/livez`, `/readyz` and `/healthz`.
        case always
        /// For `/readyz` only: a server that is starting is alive but not ready.
        case readiness
    }

    package let name: String
    package let scope: Scope
    /// Nil when all is well; else what is not, for the log.
    let check: @Sendable () -> String?

    package init(_ name: String, scope: Scope = .always, check: @escaping @Sendable () -> String?) {
        self.name = name
        self.scope = scope
        self.check = check
    }
}

/// Answers `/healthz`, `/livez` and `/readyz`, whole, verbose or for a single check.
package final class HealthHandler: Sendable {
    private let checks: Mutex<[HealthCheck]>

    package init(_ checks: [HealthCheck] = []) {
        self.checks = Mutex([HealthCheck("ping") { nil }] + checks)
    }

    package func add(_ check: HealthCheck) {
        checks.withLock { $0.append(check) }
    }

    package static func serves(_ path: String) -> Bool {
        endpoint(path) != nil
    }

    /// Whether all checks pass: the answer of `/readyz`.
    package var isReady: Bool {
        checks.withLock { $0 }.allSatisfy { $0.check() == nil }
    }

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        guard let (endpoint, single) = Self.endpoint(request.path) else {
            responder.respondNotFound()
            return
        }
        let relevant = checks.withLock { $0 }.filter { endpoint == "readyz" || $0.scope == .always }
        let headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"]
        if let single {
            guard let check = relevant.first(where: { $0.name == single }) else {
                responder.respondNotFound()
                return
            }
            let isWell = check.check() == nil
            responder.respond(
                status: isWell ? 200 : 500, headers: headers,
                body: Array((isWell ? "ok" : "internal server error: \(single) failed\n").utf8))
            return
        }
        let excluded = Set(request.query.all("exclude"))
        var text = ""
        var isWell = true
        for check in relevant {
            if excluded.contains(check.name) {
                text += "[+]\(check.name) excluded: ok\n"
            } else if check.check() == nil {
                text += "[+]\(check.name) ok\n"
            } else {
                // The reason can tell too much to a stranger; the log has it.
                text += "[-]\(check.name) failed: reason withheld\n"
                isWell = false
            }
        }
        let unknown = excluded.subtracting(relevant.map(\.name)).sorted()
        if !unknown.isEmpty {
            text += "warn: some health checks cannot be excluded: no matches for " + unknown.map { goQuoted($0) }.joined(separator: ", ") + "\n"
        }
        if isWell, request.query["verbose"] == nil {
            responder.respond(status: 200, headers: headers, body: Array("ok".utf8))
        } else {
            text += "\(endpoint) check \(isWell ? "passed" : "failed")\n"
            responder.respond(status: isWell ? 200 : 500, headers: headers, body: Array(text.utf8))
        }
    }

    private static func endpoint(_ path: String) -> (String, single: String?)? {
        for endpoint in ["healthz", "livez", "readyz"] {
            if path == "/\(endpoint)" || path == "/\(endpoint)/" { return (endpoint, nil) }
            if path.hasPrefix("/\(endpoint)/") { return (endpoint, String(path.dropFirst(endpoint.utf8.count + 2))) }
        }
        return nil
    }
}
