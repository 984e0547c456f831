import KubernetesClient

/// Sends a container's log to one reader, following it while it grows and across rotations.
struct LogStreamer {
    var path: String
    var options: LogOptions
    var time: TimeSource
    /// Whether the container can still write.
    var isRunning: @Sendable () async -> Bool

    private static let pollInterval: Duration = .milliseconds(100)
    private static let batchBytes = 64 << 10

    /// Returns when all is sent: at the end of the log, at the limit, or, following, when the container has ended.
    /// - Parameter send: takes the next bytes; may wait, so that a slow reader slows the reading.
    func stream(_ send: ([UInt8]) async throws -> Void) async throws {
        var formatter = LogFormatter(options: options)
        var file = try LogFile(path: path)
        if let lines = options.tailLines { try file.seekToTail(lines: lines) }
        while true {
            // Asked before reading: what is written until then is read below, so nothing of an ended container is missed.
            let mayGrow = options.follow ? await isRunning() : false
            try await drain(&file, &formatter, send)
            if formatter.isFull { return }
            if let current = LogFile.inode(path), current != file.inode() {
                // Rotated. The runtime writes to the new file now, so the old one has its last line.
                try await drain(&file, &formatter, send)
                file = try LogFile(path: path)
                continue
            }
            if !mayGrow {
                try await finish(&file, &formatter, send)
                return
            }
            try await time.sleep(LogStreamer.pollInterval)
        }
    }

    private func drain(_ file: inout LogFile, _ formatter: inout LogFormatter, _ send: ([UInt8]) async throws -> Void) async throws {
        var output: [UInt8] = []
        while !formatter.isFull, let line = try file.next() {
            if let parsed = LogLine(line) { formatter.format(parsed, into: &output) }
            if output.count >= LogStreamer.batchBytes {
                try await send(output)
                output.removeAll(keepingCapacity: true)
            }
        }
        if !output.isEmpty { try await send(output) }
    }

    private func finish(_ file: inout LogFile, _ formatter: inout LogFormatter, _ send: ([UInt8]) async throws -> Void) async throws {
        var output: [UInt8] = []
        if let parsed = LogLine(file.remainder()) { formatter.format(parsed, into: &output) }
        if !output.isEmpty { try await send(output) }
    }
}
