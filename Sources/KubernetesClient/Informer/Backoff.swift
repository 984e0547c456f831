/// Growing pauses between attempts.
package struct Backoff: Sendable {
    /// The first pause.
    package var base: Duration
    /// No pause is longer, before jitter.
    package var limit: Duration
    package var factor: Double
    /// Up to this share of the pause is added at random, so that many clients do not come back at once.
    package var jitter: Double
    /// Failed attempts since the last `reset`.
    package private(set) var attempts = 0

    package init(base: Duration, limit: Duration, factor: Double = 2, jitter: Double = 0) {
        self.base = base
        self.limit = limit
        self.factor = factor
        self.jitter = jitter
    }

    /// The pause before the next attempt. `random` is uniform in 0..<1.
    package mutating func next(random: Double) -> Duration {
        var seconds = base.secondsValue
        let limit = self.limit.secondsValue
        var attempt = 0
        while attempt < attempts, seconds < limit {
            seconds *= factor
            attempt += 1
        }
        attempts += 1
        return .seconds(min(seconds, limit) * (1 + jitter * random))
    }

    package mutating func reset() { attempts = 0 }
}
