import JSON
import NIOCore

/// Many at a time: connections that do nothing, watchers, pods. What each costs in memory, and what a request takes beside them.
struct LimitsWork {
    var idle = 2_000
    var watchers = 10_000
    var pods = 150_000
    /// What a list in parts asks for at a time, as kubectl does.
    static let part = 500
    /// Streams that are open on one connection at a time.
    private static let streams = 200

    func run(_ bench: Bench) async throws -> [Table.Row] {
        try await idleConnections(bench) + manyWatchers(bench) + manyPods(bench)
    }

    private func idleConnections(_ bench: Bench) async throws -> [Table.Row] {
        try await bench.process.settle()
        let before = try bench.process.memory()
        let lines = try await bench.connect(idle, .http1)
        let memory = try bench.process.memory() - before
        let get = Load(work: "get beside \(idle) idle connections", clients: 32, requests: 0..<5_000) { _ in .get("/api/v1/namespaces/default") }
        let measured = try await bench.run(get)
        for line in lines { line.close() }
        return [
            Table.Row(
                work: "\(Figures.grouped(idle)) idle connections: memory of each, and a get beside them",
                ours: "\(Figures.kilobytes(max(0, memory) / idle)), \(Figures.percentiles(measured.latencies, 50, 99))")
        ]
    }

    private func manyWatchers(_ bench: Bench) async throws -> [Table.Row] {
        try await bench.process.settle()
        let before = try bench.process.memory()
        let path = ConfigMapWork.path
        let made = try await WholeAnswer.ask(.post(path, Manifests.configMap("limits")), on: bench.lines[0])
        let version = made["metadata"]?["resourceVersion"]?.stringValue ?? "0"
        let lines = try await bench.connect((watchers + Self.streams - 1) / Self.streams)
        let events = Sightings()
        for watcher in 0..<watchers {
            try await EventStream.open(
                "\(path)?watch=1&resourceVersion=\(version)", on: lines[watcher / Self.streams],
                onLine: { event in
                    if let stamp = EventBytes.number(after: "\"stamp\":\"", in: event) { events.time(nanoseconds() - stamp) }
                }, onCount: { events.count($0) }, onEnd: { events.end($0) })
        }
        let memory = try bench.process.memory() - before
        let updates = 5
        for update in 1...updates {
            let patch = Load(work: "update one ConfigMap before \(watchers) watchers", clients: 1, requests: 0..<1) { _ in
                .mergePatch("\(path)/limits", #"{"metadata":{"annotations":{"stamp":"\#(nanoseconds())"}}}"#)
            }
            _ = try await bench.run(patch)
            let expected = update * watchers
            _ = try await events.wait(within: .seconds(30)) { $0.seen >= expected }
        }
        events.stopWatching()
        for line in lines { line.close() }
        _ = try await WholeAnswer.ask(.delete("\(path)/limits"), on: bench.lines[0])
        return [
            Table.Row(
                work: "\(Figures.grouped(watchers)) watchers: memory of each, and an event to all of them",
                ours: "\(Figures.kilobytes(max(0, memory) / watchers)), \(Figures.percentiles(events.latencies, 50, 100))")
        ]
    }

    private func manyPods(_ bench: Bench) async throws -> [Table.Row] {
        try await bench.process.settle()
        let before = try bench.process.memory()
        let create = Load(work: "create pods that no scheduler is for", clients: PodWork.clients, requests: 0..<pods, seconds: 600) {
            .post(PodWork.path, Manifests.unscheduledPod("limits-\($0)", number: $0))
        }
        let created = try await bench.run(create)
        try await bench.process.settle()
        let memory = try bench.process.memory() - before
        let whole = try await bench.run(Load(work: "list all pods", clients: 1, requests: 0..<3, seconds: 60) { _ in .get(PodWork.path) })
        let peak = try bench.process.memory() - before
        let started = nanoseconds()
        var parts = 0
        var token = ""
        repeat {
            let next = token.isEmpty ? "" : "&continue=\(token)"
            let part = try await WholeAnswer.ask(.get("\(PodWork.path)?limit=\(Self.part)\(next)"), on: bench.lines[0])
            parts += part["items"]?.arrayValue?.count ?? 0
            token = part["metadata"]?["continue"]?.stringValue ?? ""
        } while !token.isEmpty
        let inParts = elapsed(since: started)
        guard parts == created.count else { throw LoadError.unusable("a list in parts had \(parts) of \(created.count) pods") }
        let count = Figures.grouped(created.count)
        let rows = [
            Table.Row(
                work: "\(count) pods: memory, and while they are listed", ours: "\(Figures.megabytes(memory)), \(Figures.megabytes(peak))"),
            Table.Row(
                work: "list \(count) pods (\(Figures.megabytes(whole.bytesEach))) at once, one client", ours: Figures.percentiles(whole.latencies, 50)
            ),
            Table.Row(work: "the same in parts of \(Self.part), read by the client", ours: Figures.seconds(inParts)),
        ]
        try await PodWork.delete(0..<pods, "limits", bench)
        return rows
    }
}
