import Dispatch
import KubernetesAPI

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The time of day as the server stamps it on objects, and the way to let time pass; a parameter, so that tests can turn it.
package struct ServerClock: Sendable {
    /// Whole seconds since 1970.
    package let seconds: @Sendable () -> Int64

    /// Returns after the duration; throws `CancellationError` when the task is cancelled first.
    package let sleep: @Sendable (Duration) async throws -> Void

    /// Begins work that must not run on the caller's thread.
    let begin: @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

    /// - Parameter begin: by threads of its own unless said otherwise: tasks that compute for long keep those of other tasks.
    package init(
        seconds: @escaping @Sendable () -> Int64, sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        begin: @escaping @Sendable (_ work: @escaping @Sendable () -> Void) -> Void = { DispatchQueue.global(qos: .userInitiated).async(execute: $0) }
    ) {
        self.seconds = seconds
        self.sleep = sleep
        self.begin = begin
    }

    package static let system = ServerClock {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }

    /// Now, as objects bear it: `2026-11-22T14:00:00Z`.
    package var timestamp: String { Self.text(seconds()) }

    static func text(_ seconds: Int64) -> String { Time(seconds: seconds).description }

    /// nil when the text is not a time.
    static func seconds(of text: String) -> Int64? { Time(text)?.seconds ?? MicroTime(text).map { $0.microseconds / 1_000_000 } }
}
