import NIOCore
import Synchronization

/// What some clients do, each sending one request after the other.
struct Load: Sendable {
    var work: String
    var clients: Int
    /// The numbers of the requests; fewer are sent when the time is over before.
    var requests: Range<Int>
    /// No further request is sent after so many seconds.
    var seconds = 20.0
    /// Statuses beside 200 and 201 that are no failure.
    var accepted: [Int] = []
    /// The request with a number, made just before it is sent.
    var request: @Sendable (Int) -> Request

    struct Measured: Sendable {
        var count = 0
        var seconds = 0.0
        /// Of all answers' bodies.
        var bytes = 0
        var latencies = Latencies()
        /// The rate of each round, where there were several.
        private var rates: [Double] = []

        /// Of several rounds the median, so that a moment in which the machine did something else does not count.
        var perSecond: Double {
            guard rates.isEmpty else { return rates.sorted()[rates.count / 2] }
            return seconds > 0 ? Double(count) / seconds : 0
        }
        var megabytesPerSecond: Double { perSecond * Double(bytesEach) / 1e6 }
        var bytesEach: Int { count > 0 ? bytes / count : 0 }

        /// Adds a round that came after the others.
        mutating func add(round: Measured) {
            rates.append(round.perSecond)
            add(round)
            seconds += round.seconds
        }

        /// Adds what another client did at the same time.
        mutating func add(_ other: Measured) {
            count += other.count
            bytes += other.bytes
            latencies.add(other.latencies)
        }
    }

    /// - Throws: `LoadError` when a request is refused, not answered, or a connection is lost.
    @discardableResult
    func run(on lines: [Line]) async throws -> Measured {
        let start = nanoseconds()
        let progress = Progress(requests, deadline: start + UInt64(seconds * 1e9))
        let futures = (0..<clients).map { number in
            let line = lines[number % lines.count]
            return line.loop.flatSubmit { LoadClient(self, line, progress).start() }
        }
        var measured = Measured()
        for future in futures { measured.add(try await future.get()) }
        measured.seconds = elapsed(since: start)
        return measured
    }
}

/// Deals out the numbers of the requests.
private final class Progress: Sendable {
    private let upcoming: Atomic<Int>
    private let end: Int
    let deadline: UInt64

    init(_ requests: Range<Int>, deadline: UInt64) {
        upcoming = Atomic(requests.lowerBound)
        end = requests.upperBound
        self.deadline = deadline
    }

    func next(now: UInt64) -> Int? {
        guard now < deadline else { return nil }
        let number = upcoming.wrappingAdd(1, ordering: .relaxed).oldValue
        return number < end ? number : nil
    }
}

/// One client of a load; lives on its connection's loop.
private final class LoadClient: AnswerReceiver {
    /// How long after the load's end its last answers may come.
    private static let patience = TimeAmount.seconds(20)

    private let load: Load
    private let line: Line
    private let progress: Progress
    private let done: EventLoopPromise<Load.Measured>
    private var giveUp: Scheduled<Void>?
    private var measured = Load.Measured()
    private var samples: [UInt64] = []
    private var sent: UInt64 = 0
    private var status = 0
    private var refusal = ByteBuffer()

    init(_ load: Load, _ line: Line, _ progress: Progress) {
        self.load = load
        self.line = line
        self.progress = progress
        done = line.loop.makePromise()
    }

    func start() -> EventLoopFuture<Load.Measured> {
        let done = done
        let work = load.work
        giveUp = line.loop.scheduleTask(deadline: .uptimeNanoseconds(progress.deadline) + Self.patience) {
            done.fail(LoadError.notInTime("an answer to: \(work)"))
        }
        next()
        return done.futureResult
    }

    private func next() {
        sent = nanoseconds()
        guard let number = progress.next(now: sent) else {
            giveUp?.cancel()
            measured.latencies = Latencies(samples)
            return done.succeed(measured)
        }
        line.connection.send(load.request(number), self)
    }

    func head(status: Int) { self.status = status }

    func bytes(_ part: ByteBuffer) {
        measured.bytes += part.readableBytes
        if status > 201 { refusal.writeImmutableBuffer(part) }
    }

    func end() {
        guard status == 200 || status == 201 || load.accepted.contains(status) else {
            return failed(.refused(work: load.work, status: status, body: String(buffer: refusal)))
        }
        if refusal.readableBytes > 0 { refusal.clear() }
        samples.append(nanoseconds() - sent)
        measured.count += 1
        next()
    }

    func failed(_ error: LoadError) {
        giveUp?.cancel()
        done.fail(error)
    }
}
