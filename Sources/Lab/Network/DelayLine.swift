/// One direction of a slow cable: which frames get through, and when.
///
/// Times are nanoseconds of any clock that does not go back.
struct DelayLine {
    /// Frames that wait; more are lost, as in the queue of a router.
    static let framesMax = 1000

    let slowness: Slowness
    private var frames: [(due: Int64, bytes: [UInt8])] = []
    /// Frames before this have left.
    private var first = 0
    /// Until when the line is taken by frames that came before.
    private var busyUntil: Int64 = 0

    init(_ slowness: Slowness) { self.slowness = slowness }

    /// Takes a frame, unless it is lost.
    ///
    /// - Parameter bits: its length as it counts for the rate.
    mutating func take(_ bytes: [UInt8], bits: Int64, at now: Int64, using random: inout some RandomNumberGenerator) {
        if slowness.loss > 0 && Int64.random(in: 0..<1_000_000, using: &random) < slowness.loss { return }
        guard frames.count - first < Self.framesMax else { return }
        busyUntil = max(busyUntil, now)
        if slowness.rate > 0 { busyUntil += bits * 1_000_000_000 / slowness.rate }
        frames.append((busyUntil + slowness.latency * 1000, bytes))
    }

    /// When the next frame is due; nil when none waits.
    var nextDue: Int64? { first < frames.count ? frames[first].due : nil }

    /// The frame that is due, if one is.
    mutating func release(at now: Int64) -> [UInt8]? {
        guard first < frames.count, frames[first].due <= now else { return nil }
        let bytes = frames[first].bytes
        first += 1
        if first == frames.count || first >= Self.framesMax {
            frames.removeSubrange(..<first)
            first = 0
        }
        return bytes
    }
}
