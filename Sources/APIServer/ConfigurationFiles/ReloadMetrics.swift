import Crypto
import KubernetesClient
import Synchronization

/// How often a configuration file was taken in anew, and when; under upstream's names, for `/metrics`.
package final class ReloadMetrics: Sendable {
    private struct Outcome {
        var count = 0
        /// Seconds since 1970.
        var last: Double = 0
    }

    private struct State {
        var taken = Outcome()
        var refused = Outcome()
        /// Of the file that counts.
        var hash = ""
    }

    private let subsystem: String
    private let server: String
    private let state = Mutex(State())

    /// - Parameters:
    ///   - subsystem: `authentication_config_controller`.
    ///   - server: the name of this server, of which only the hash is shown.
    package init(subsystem: String, server: String) {
        self.subsystem = subsystem
        self.server = Self.hash(Array(server.utf8))
    }

    func began(with bytes: [UInt8]) { state.withLock { $0.hash = Self.hash(bytes) } }

    func count(_ bytes: [UInt8], isTaken: Bool, at time: TimeSource) {
        let seconds = Double(time.wallMicroseconds()) / 1_000_000
        let hash = Self.hash(bytes)
        state.withLock { state in
            if isTaken { state.hash = hash }
            var outcome = isTaken ? state.taken : state.refused
            outcome.count += 1
            outcome.last = seconds
            if isTaken { state.taken = outcome } else { state.refused = outcome }
        }
    }

    /// In the text format of Prometheus.
    package var text: String {
        let state = state.withLock { $0 }
        let name = "apiserver_\(subsystem)"
        let outcomes = [("failure", state.refused), ("success", state.taken)].filter { $0.1.count > 0 }
        func lines(_ value: (Outcome) -> String, _ metric: String) -> String {
            outcomes.map { "\(name)_\(metric){apiserver_id_hash=\"\(server)\",status=\"\($0)\"} \(value($1))\n" }.joined()
        }
        return """
            # HELP \(name)_automatic_reload_last_timestamp_seconds When the file was last looked into, by outcome, in seconds since 1970.
            # TYPE \(name)_automatic_reload_last_timestamp_seconds gauge
            \(lines({ "\($0.last)" }, "automatic_reload_last_timestamp_seconds"))\
            # HELP \(name)_automatic_reloads_total How often a changed file was looked into, by outcome.
            # TYPE \(name)_automatic_reloads_total counter
            \(lines({ "\($0.count)" }, "automatic_reloads_total"))\
            # HELP \(name)_last_config_info The hash of the file that counts.
            # TYPE \(name)_last_config_info gauge
            \(name)_last_config_info{apiserver_id_hash="\(server)",hash="\(state.hash)"} 1

            """
    }

    private static func hash(_ bytes: [UInt8]) -> String {
        "sha256:" + SHA256.hash(data: bytes).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }
}
