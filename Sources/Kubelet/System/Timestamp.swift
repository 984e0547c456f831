import KubernetesAPI
import KubernetesClient

/// Wall-clock time in nanoseconds since 1970, the resolution of the container runtime interface.
struct Timestamp: Comparable, Hashable, Sendable {
    var nanoseconds: Int64

    static let zero = Timestamp(nanoseconds: 0)

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self.nanoseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    init(_ time: Time) {
        self.init(seconds: time.seconds)
    }

    var isZero: Bool { nanoseconds == 0 }

    /// Whole seconds, as the API writes times.
    var time: Time { Time(seconds: nanoseconds >= 0 ? nanoseconds / 1_000_000_000 : 0) }

    static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    static func + (a: Timestamp, b: Duration) -> Timestamp {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.wholeNanoseconds)
        return Timestamp(nanoseconds: overflow ? .max : sum)
    }

    /// The time from `other` to this moment; negative when `other` is later.
    func since(_ other: Timestamp) -> Duration {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(other.nanoseconds)
        return .nanoseconds(overflow ? (self > other ? Int64.max : Int64.min) : difference)
    }
}

extension Duration {
    /// Nanoseconds, clamped to what 64 bits hold.
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflow2) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow2 ? (seconds < 0 ? .min : .max) : sum
    }
}

extension TimeSource {
    var now: Timestamp { Timestamp(nanoseconds: wallMicroseconds() &* 1000) }
}
