package import KubernetesClient
package import Logging
import PKI
import ServiceLifecycle

/// Takes a file in anew each time it changes while the server runs; or several that belong together, when any of them does. What cannot be read or
/// used changes nothing, and the log says so.
package struct FileFollower: Service {
    private let paths: [String]
    private let what: String
    private let known: [[UInt8]]?
    private let period: Duration
    private let time: TimeSource
    private let reloads: ReloadMetrics?
    private let logger: Logger
    private let apply: @Sendable (_ files: [[UInt8]]) async throws -> Void

    package init(
        _ path: String, what: String, reloads: ReloadMetrics? = nil, period: Duration = .seconds(5), time: TimeSource = .system, logger: Logger,
        apply: @escaping @Sendable (_ bytes: [UInt8]) async throws -> Void
    ) {
        self.init(files: [path], what: what, reloads: reloads, period: period, time: time, logger: logger) { files in
            try await apply(files.first ?? [])
        }
    }

    /// - Parameters:
    ///   - what: they are, in a word or two, for the log.
    ///   - reloads: counts how often the file was taken in and how often not.
    ///   - period: how often to look.
    ///   - apply: throws when the files cannot be used: between the writes of two that have to fit, for one.
    package init(
        files paths: [String], what: String, reloads: ReloadMetrics? = nil, period: Duration = .seconds(5), time: TimeSource = .system,
        logger: Logger, apply: @escaping @Sendable (_ files: [[UInt8]]) async throws -> Void
    ) {
        self.paths = paths
        self.what = what
        self.reloads = reloads
        self.period = period
        self.time = time
        self.logger = logger
        self.apply = apply
        // What it says now has been taken in before.
        known = Self.read(paths)
        if let known { reloads?.began(with: Array(known.joined())) }
    }

    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var known = known
            while true {
                try await time.sleep(period)
                guard let files = Self.read(paths), files != known else { continue }
                known = files
                do {
                    try await apply(files)
                    reloads?.count(Array(files.joined()), isTaken: true, at: time)
                    logger.notice("a file was taken in anew", metadata: ["file": "\(names)", "what": "\(what)"])
                } catch {
                    reloads?.count(Array(files.joined()), isTaken: false, at: time)
                    logger.error(
                        "a changed file cannot be used: what it said before still counts",
                        metadata: ["file": "\(names)", "what": "\(what)", "error": "\(error)"])
                }
            }
        }
    }

    private var names: String { paths.joined(separator: ", ") }

    /// nil unless all are there.
    private static func read(_ paths: [String]) -> [[UInt8]]? {
        var files: [[UInt8]] = []
        for path in paths {
            guard let bytes = try? SecretFile.read(path) else { return nil }
            files.append(bytes)
        }
        return files
    }
}
