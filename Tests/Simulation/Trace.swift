import Glibc
import KubernetesClient
import Logging
import Synchronization

/// What happened, for who looks for the reason of a failure.
final class Trace: Sendable {
    private let time: TimeSource
    let isVerbose: Bool
    private let lines = Mutex<[String]>([])
    private let violations = Mutex<[String]>([])
    private let digest = Mutex<UInt64>(0xcbf2_9ce4_8422_2325)

    init(clock: VirtualClock, isVerbose: Bool) {
        time = clock.timeSource
        self.isVerbose = isVerbose
    }

    func note(_ text: @autoclosure () -> String) {
        let line = "\(String(time.uptime().secondsValue).prefix(9)) \(text())"
        if isVerbose { say(line) }
        lines.withLock { lines in
            lines.append(line)
            if lines.count > 400 { lines.removeFirst(200) }
        }
    }

    /// Something that must never be.
    func violated(_ text: String) {
        note("VIOLATED: \(text)")
        violations.withLock { $0.append(text) }
    }

    /// Takes bytes into the sum that tells one run from another (FNV-1a).
    func absorb(_ bytes: some Sequence<UInt8>) {
        digest.withLock { sum in
            for byte in bytes { sum = (sum ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
    }

    var sum: String { String(digest.withLock { $0 }, radix: 16) }
    var failures: [String] { violations.withLock { $0 } }
    var lastLines: [String] { lines.withLock { $0.suffix(200) } }
}

/// Prints a line at once, so that it is there whatever comes after.
func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
}

/// The log of all components, among what else happened.
struct TraceLog: LogHandler {
    let trace: Trace
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(trace: Trace) { self.trace = trace }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        trace.note("\(event.level): \(event.message) \(all.joined(separator: " "))")
    }
}
