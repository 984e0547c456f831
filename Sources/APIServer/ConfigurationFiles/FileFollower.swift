package import KubernetesClient
package import Logging
import PKI
import ServiceLifecycle

/// Takes a file in anew each time it changes while the server runs. What cannot be read or used changes nothing, and the log says so.
package struct FileFollower: Service {
    package typealias Apply = @Sendable (_ bytes: [UInt8]) async throws -> Void

    private let path: String
    private let what: String
    private let known: [UInt8]?
    private let period: Duration
    private let time: TimeSource
    private let reloads: ReloadMetrics?
    private let logger: Logger
    private let apply: Apply

    /// - Parameters:
    ///   - what: it is, in a word or two, for the log.
    ///   - reloads: counts how often the file was taken in and how often not.
    ///   - period: how often to look.
    ///   - apply: throws when the file cannot be used.
    package init(
        _ path: String, what: String, reloads: ReloadMetrics? = nil, period: Duration = .seconds(5), time: TimeSource = .system, logger: Logger,
        apply: @escaping Apply
    ) {
        self.path = path
        self.what = what
        self.reloads = reloads
        self.period = period
        self.time = time
        self.logger = logger
        self.apply = apply
        // What it says now has been taken in before.
        known = Self.read(path)
        if let known { reloads?.began(with: known) }
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var known = known
            while true {
                try await time.sleep(period)
                guard let bytes = Self.read(path), bytes != known else { continue }
                known = bytes
                do {
                    try await apply(bytes)
                    reloads?.count(bytes, isTaken: true, at: time)
                    logger.notice("a file was taken in anew", metadata: ["file": "\(path)", "what": "\(what)"])
                } catch {
                    reloads?.count(bytes, isTaken: false, at: time)
                    logger.error(
                        "a changed file cannot be used: what it said before still counts",
                        metadata: ["file": "\(path)", "what": "\(what)", "error": "\(error)"])
                }
            }
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        do { return try SecretFile.read(path) } catch { return nil }
    }
}
