import JSON

/// A part of the server's seats with the queues before it. A value inside ``FlowControl``, which guards it.
struct PriorityLevel {
    struct Settings {
        var isExempt = false
        /// The level's own seats.
        var nominal = 0
        /// How many of them others may have while the level does not need them.
        var lendable = 0
        /// The most seats that the level may have, those borrowed from others included; nil: all that can be borrowed.
        var borrowingMax: Int?
        /// Nil: who finds no seat is refused.
        var queuing: Queuing?

        /// How many seats one request may take, so that not all wait for the widest; nil: as many as it likes.
        var requestSeatsMax: Int? {
            queuing.map { max(1, min(Int((Double(nominal) * 0.15).rounded(.up)), nominal / max(1, $0.hand))) }
        }
    }

    struct Queuing: Equatable {
        var queues: Int
        var hand: Int
        var lengthMax: Int
    }

    /// A request that waits for a seat.
    struct Waiter {
        let schema: String
        let work: RequestWork
        /// When it came, in nanoseconds of the clock.
        let since: Int64
        let proceed: @Sendable (FlowControl.Seat) -> Void
        let refuse: @Sendable () -> Void
    }

    struct Queue {
        private(set) var waiting: [Waiter] = []
        private var head = 0
        /// How much service the flows of this queue have had, in seconds on seats, compared with the others'. The least comes next.
        var service = 0.0
        var executing = 0

        var count: Int { waiting.count - head }
        var first: Waiter? { head < waiting.count ? waiting[head] : nil }

        mutating func append(_ waiter: Waiter) { waiting.append(waiter) }

        mutating func removeFirst() -> Waiter? {
            guard let waiter = first else { return nil }
            head += 1
            if head == waiting.count || head > 64 {
                waiting.removeFirst(head)
                head = 0
            }
            return waiter
        }
    }

    /// What a seat of a request that is being served is taken to cost until it is known, in seconds. Much, so that a flow that has many under way lets others go first.
    static let presumedSeconds = 60.0

    let name: String
    var settings = Settings()
    /// Seats taken.
    var executing = 0
    var waiting = 0
    var queues: [Queue] = []
    /// The service that the queue served last had had. Queues that begin to wait begin there, and have no claim on what they left unused.
    private var service = 0.0
    var dispatched: [String: Int] = [:]
    var rejected: [Rejection: Int] = [:]

    struct Rejection: Hashable {
        let schema: String
        let reason: String
    }

    init(name: String) { self.name = name }

    /// Seats that others may have now.
    var spare: Int { min(settings.lendable, max(0, settings.nominal - executing)) }
    var borrowed: Int { settings.isExempt ? 0 : max(0, executing - settings.nominal) }

    mutating func configure(_ settings: Settings) {
        self.settings = settings
        // Who waits in a queue that is no longer dealt is served all the same.
        let count = settings.queuing?.queues ?? 0
        while queues.count < count { queues.append(Queue()) }
        while queues.count > count, let last = queues.last, last.count == 0, last.executing == 0 { queues.removeLast() }
    }

    /// - Returns: nil when the request may not wait, with the reason noted.
    mutating func enqueue(_ waiter: Waiter, hash: UInt64) -> Bool {
        guard let queuing = settings.queuing else {
            rejected[Rejection(schema: waiter.schema, reason: "concurrency-limit"), default: 0] += 1
            return false
        }
        var best: Int?
        var bestLoad = Int.max
        ShuffleSharding.deal(hash: hash, queues: queuing.queues, hand: queuing.hand) { card in
            let load = queues[card].count + queues[card].executing
            if load < bestLoad { (best, bestLoad) = (card, load) }
        }
        guard let best, queues[best].count < queuing.lengthMax else {
            rejected[Rejection(schema: waiter.schema, reason: "queue-full"), default: 0] += 1
            return false
        }
        if queues[best].count == 0, queues[best].executing == 0 { queues[best].service = max(queues[best].service, service) }
        queues[best].append(waiter)
        waiting += 1
        return true
    }

    /// The queue whose turn it is.
    private var next: Int? {
        var next: Int?
        for index in queues.indices where queues[index].count > 0 {
            if next.map({ queues[index].service < queues[$0].service }) ?? true { next = index }
        }
        return next
    }

    /// How many seats the waiter whose turn it is wants.
    var seatsWanted: Int? { next.flatMap { queues[$0].first?.work.seats } }

    /// Takes the waiter whose turn it is.
    mutating func dequeue() -> (waiter: Waiter, queue: Int)? {
        guard let next, let waiter = queues[next].removeFirst() else { return nil }
        waiting -= 1
        service = max(service, queues[next].service)
        queues[next].service += Self.presumedSeconds * Double(waiter.work.seats)
        queues[next].executing += 1
        return (waiter, next)
    }

    /// Takes those out who came before `moment`.
    mutating func expire(before moment: Int64) -> [Waiter] {
        guard waiting > 0 else { return [] }
        var expired: [Waiter] = []
        for index in queues.indices {
            while let first = queues[index].first, first.since < moment, let waiter = queues[index].removeFirst() { expired.append(waiter) }
        }
        waiting -= expired.count
        for waiter in expired { rejected[Rejection(schema: waiter.schema, reason: "time-out"), default: 0] += 1 }
        return expired
    }

    /// A request that had waited in a queue has been served.
    mutating func served(queue: Int, seconds: Double, seats: Int) {
        guard queues.indices.contains(queue) else { return }
        queues[queue].executing -= 1
        queues[queue].service += (seconds - Self.presumedSeconds) * Double(seats)
    }
}

extension PriorityLevel.Settings {
    /// - Parameters:
    ///   - level: a PriorityLevelConfiguration.
    ///   - seats: of the whole server.
    ///   - shares: of all levels together.
    init(_ level: JSONValue, seats: Int, shares: Int64) {
        let spec = level["spec"] ?? [:]
        isExempt = spec.text("type") == "Exempt"
        guard let part = spec[isExempt ? "exempt" : "limited"] else { return }
        nominal = shares > 0 ? Int((Double(seats) * Double(part.number("nominalConcurrencyShares")) / Double(shares)).rounded(.up)) : 0
        lendable = Int((Double(nominal) * Double(part.number("lendablePercent")) / 100).rounded())
        if let percent = part["borrowingLimitPercent"]?.integerValue {
            borrowingMax = nominal + Int((Double(nominal) * Double(percent) / 100).rounded())
        }
        guard let queuing = part.at("limitResponse", "queuing"), part.text("limitResponse", "type") == "Queue" else { return }
        self.queuing = PriorityLevel.Queuing(
            queues: Int(clamping: queuing.number("queues")), hand: Int(clamping: queuing.number("handSize")),
            lengthMax: Int(clamping: queuing.number("queueLengthLimit")))
    }

    /// The level's shares of the seats.
    static func shares(_ level: JSONValue) -> Int64 {
        let spec = level["spec"] ?? [:]
        return max(0, spec.number(spec.text("type") == "Exempt" ? "exempt" : "limited", "nominalConcurrencyShares"))
    }
}
