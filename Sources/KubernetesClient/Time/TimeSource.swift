import Glibc

/// The clock of a component, handed in so that tests can turn its hands.
///
/// Wall time is for what people and the API read; uptime is for measuring and waiting, and never jumps.
package struct TimeSource: Sendable {
    /// Microseconds since 1970 (UTC).
    package var wallMicroseconds: @Sendable () -> Int64
    /// Time since an arbitrary start; never goes back.
    package var uptime: @Sendable () -> Duration
    /// Returns after the duration; throws `CancellationError` when the task is cancelled first.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        wallMicroseconds: @escaping @Sendable () -> Int64,
        uptime: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.wallMicroseconds = wallMicroseconds
        self.uptime = uptime
        self.sleep = sleep
    }

    /// The clock of the machine.
    package static let system: TimeSource = {
        let start = ContinuousClock.now
        return TimeSource(
            wallMicroseconds: {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
            },
            uptime: { start.duration(to: .now) },
            sleep: { try await Task.sleep(for: $0) })
    }()
}

extension Duration {
    /// The duration as a floating-point number of seconds.
    package var secondsValue: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
