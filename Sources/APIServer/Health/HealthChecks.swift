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
    let check: Check

    enum Check: Sendable {
        case looking(@Sendable () -> String?)
        /// Somebody else has to be asked.
        case asking(@Sendable () async -> String?)
    }

    package init(_ name: String, scope: Scope = .always, check: @escaping @Sendable () -> String?) {
        self.name = name
        self.scope = scope
        self.check = .looking(check)
    }

    package init(_ name: String, scope: Scope = .always, asking: @escaping @Sendable () async -> String?) {
        self.name = name
        self.scope = scope
        check = .asking(asking)
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

    package func handle(_ request: APIRequest, _ responder: any Responder) {
        guard let (endpoint, single) = Self.endpoint(request.path) else {
            responder.respondNotFound()
            return
        }
        let relevant = checks.withLock { $0 }.filter { endpoint == "readyz" || $0.scope == .always }
        if let single {
            guard let check = relevant.first(where: { $0.name == single }) else {
                responder.respondNotFound()
                return
            }
            evaluate([check]) { results in
                let isWell = results.allSatisfy(\.isWell)
                responder.respond(
                    status: isWell ? 200 : 500, headers: Self.headers,
                    body: Array((isWell ? "ok" : "internal server error: \(single) failed\n").utf8))
            }
            return
        }
        let excluded = Set(request.query.all("exclude"))
        let unknown = excluded.subtracting(relevant.map(\.name)).sorted()
        let isVerbose = request.query["verbose"] != nil
        evaluate(relevant.filter { !excluded.contains($0.name) }) { results in
            var text = ""
            for check in relevant {
                if excluded.contains(check.name) {
                    text += "[+]\(check.name) excluded: ok\n"
                } else if results.first(where: { $0.name == check.name })?.isWell == true {
                    text += "[+]\(check.name) ok\n"
                } else {
                    // The reason can tell too much to a stranger; the log has it.
                    text += "[-]\(check.name) failed: reason withheld\n"
                }
            }
            let isWell = results.allSatisfy(\.isWell)
            if !unknown.isEmpty {
                text +=
                    "warn: some health checks cannot be excluded: no matches for " + unknown.map { goQuoted($0) }.joined(separator: ", ") + "\n"
            }
            if isWell, !isVerbose {
                responder.respond(status: 200, headers: Self.headers, body: Array("ok".utf8))
            } else {
                text += "\(endpoint) check \(isWell ? "passed" : "failed")\n"
                responder.respond(status: isWell ? 200 : 500, headers: Self.headers, body: Array(text.utf8))
            }
        }
    }

    private static let headers: HTTPHeaders = ["Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"]

    private struct Result: Sendable {
        var name: String
        var isWell: Bool
    }

    /// Calls `done` with what the checks say: at once, unless somebody has to be asked.
    private func evaluate(_ checks: [HealthCheck], _ done: @escaping @Sendable ([Result]) -> Void) {
        var results: [Result] = []
        var open: [(name: String, ask: @Sendable () async -> String?)] = []
        for check in checks {
            switch check.check {
            case .looking(let look): results.append(Result(name: check.name, isWell: look() == nil))
            case .asking(let ask): open.append((check.name, ask))
            }
        }
        if open.isEmpty { return done(results) }
        let (known, asked) = (results, open)
        Task {
            await done(
                withTaskGroup { group in
                    for (name, ask) in asked { group.addTask { Result(name: name, isWell: await ask() == nil) } }
                    return await group.reduce(into: known) { $0.append($1) }
                })
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
