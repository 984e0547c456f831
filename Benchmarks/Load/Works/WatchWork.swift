import JSON
import NIOCore

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
        let expected = updates * watchers
        let events = Sightings()
        let lines = try await bench.connect(Bench.connections)
        for watcher in 0..<watchers {
            var timed: (@Sendable (UnsafeRawBufferPointer) -> Void)?
            if watcher < Self.timedWatchers {
                timed = { event in
                    if let stamp = EventBytes.number(after: "\"stamp\":\"", in: event) { events.time(nanoseconds() - stamp) }
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
        let count = try await events.wait(within: patience) { $0.seen >= expected }.seen
        let took = elapsed(since: start)
        let memoryAfter = try bench.process.memory()
        events.stopWatching()
        for line in lines { line.close() }
        let rate = Figures.perSecond(Double(count) / took, "events")
        let complete = count == expected ? "" : " (\(Figures.grouped(count)) of \(Figures.grouped(expected)) came)"
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
