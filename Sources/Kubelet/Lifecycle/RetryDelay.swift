/// A growing pause between tries of one thing.
struct RetryDelay: Sendable {
    let first: Duration
    let longest: Duration
    private var next: Duration
    private(set) var readyAt: Timestamp = .zero

    init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
        self.next = first
    }

    func isReady(_ now: Timestamp) -> Bool { now >= readyAt }

    mutating func failed(_ now: Timestamp) {
        readyAt = now + next
        next = min(next * 2, longest)
    }

    mutating func succeeded() {
        self = RetryDelay(first: first, longest: longest)
    }
}
