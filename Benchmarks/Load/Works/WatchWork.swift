import JSON
import NIOCore
import Synchronization

/// One object updated many times before many watchers.
struct WatchWork {
    /// Watchers whose events are timed; the others' are counted only.
    static let timedWatchers = 10

    var writers = 16
    var updates = 500
    var watchers = 200
    /// How long the last event may take after the first update.
    var patience = Duration.seconds(60)

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let path = ConfigMapWork.path
        let made = try await WholeAnswer.ask(.post(path, Manifests.configMap("watched")), on: bench.lines[0])
        let version = made["metadata"]?["resourceVersion"]?.stringValue ?? "0"
        let memoryBefore = try bench.process.memory()
        let events = Events(expected: updates * watchers)
        let lines = try await bench.connect(Bench.connections)
        for watcher in 0..<watchers {
            var timed: (@Sendable (UnsafeRawBufferPointer) -> Void)?
            if watcher < Self.timedWatchers {
                timed = { event in
                    if let stamp = EventBytes.number(after: "\"stamp\":\"", in: event) { events.seen(after: nanoseconds() - stamp) }
                }
            }
            try await EventStream.open(
                "\(path)?watch=1&resourceVersion=\(version)", on: lines[watcher % lines.count], onLine: timed,
                onCount: { events.count($0) }, onEnd: { events.end($0) })
        }
        let start = nanoseconds()
        let update = Load(work: "update one ConfigMap before \(watchers) watchers", clients: writers, requests: 0..<updates, seconds: 60) { _ in
            .mergePatch("\(path)/watched", #"{"metadata":{"annotations":{"stamp":"\#(nanoseconds())"}}}"#)
        }
        _ = try await bench.run(update, on: lines)
        let count = try await events.all(within: patience)
        let took = elapsed(since: start)
        let memoryAfter = try bench.process.memory()
        events.stopWatching()
        for line in lines { line.close() }
        let rate = Figures.perSecond(Double(count) / took, "events")
        let complete = count == updates * watchers ? "" : " (\(Figures.grouped(count)) of \(Figures.grouped(updates * watchers)) came)"
        return [
            Table.Row(
                work: "one object updated \(updates) times before \(watchers) watchers",
                ours: "\(rate), \(Figures.percentiles(events.latencies, 50, 99))\(complete)", aim: "100,000 events/s, p99 100 ms"),
            Table.Row(
                work: "memory before and after that", ours: "\(Figures.megabytes(memoryBefore)), \(Figures.megabytes(memoryAfter))",
                aim: "no growth"),
        ]
    }
}

/// What the watchers have seen.
private final class Events: Sendable {
    private struct State {
        var count = 0
        var samples: [UInt64] = []
        var failure: LoadError?
        var isWatching = true
    }

    private let expected: Int
    private let state = Mutex(State())

    init(expected: Int) { self.expected = expected }

    var latencies: Latencies { state.withLock { Latencies($0.samples) } }

    func count(_ events: Int) { state.withLock { $0.count += events } }

    func seen(after time: UInt64) { state.withLock { $0.samples.append(time) } }

    func end(_ error: LoadError) { state.withLock { if $0.isWatching { $0.failure = error } } }

    func stopWatching() { state.withLock { $0.isWatching = false } }

    /// How many events have come when all have or the time is over.
    func all(within patience: Duration) async throws -> Int {
        let deadline = ContinuousClock.now + patience
        while true {
            let (count, failure) = state.withLock { ($0.count, $0.failure) }
            if let failure { throw failure }
            if count >= expected || ContinuousClock.now > deadline { return count }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
