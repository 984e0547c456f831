import Glibc
import Synchronization

/// Pods bound to nodes that no kubelet stands behind.
struct SchedulingWork {
    static let clients = 32

    var nodes = 1_000
    var pods = 3_000
    /// How long the last pod may take. Without a kubelet the nodes count as ready for 40 seconds only.
    var patience = Duration.seconds(35)

    func run(_ bench: Bench) async throws -> [Table.Row] {
        try await makeNodes(bench)
        try await bench.process.settle(limit: 5)
        let bound = Bound(pods)
        let lines = try await bench.connect(Bench.connections)
        try await EventStream.open(
            "\(PodWork.path)?watch=1&labelSelector=app%3Dload", on: lines[0], onLine: { bound.see($0) }, onEnd: { bound.end($0) })
        let start = nanoseconds()
        let create = Load(work: "create pods for \(nodes) nodes", clients: Self.clients, requests: 0..<pods, seconds: 20) { number in
            bound.make(number)
            return .post(PodWork.path, Manifests.pod("sched-\(number)", number: number))
        }
        let created = try await bench.run(create, on: lines)
        let count = try await bound.all(created.count, within: patience)
        let took = elapsed(since: start)
        let latencies = bound.latencies
        bound.stopWatching()
        for line in lines { line.close() }
        Bench.say("schedule pods: \(Figures.grouped(count)) in \(Figures.seconds(took)), \(Figures.percentiles(latencies, 50, 99))")
        try await PodWork.delete(0..<pods, "sched", bench)
        try await deleteNodes(bench)
        let complete = count == pods ? "" : " (\(Figures.grouped(count)) within \(Figures.seconds(took)))"
        return [
            Table.Row(
                work: "schedule \(Figures.grouped(pods)) pods on \(Figures.grouped(nodes)) nodes, creation included",
                ours: "\(Figures.perSecond(Double(count) / took, "pods")), \(Figures.percentiles(latencies, 50))\(complete)", aim: "2,500 pods/s"),
            Table.Row(work: "create the pods of that", ours: Figures.perSecond(created.perSecond)),
        ]
    }

    /// Makes the nodes as their kubelets would: the object, then that it is ready; and takes away the taint of nodes that are not.
    private func makeNodes(_ bench: Bench) async throws {
        let now = Self.timestamp()
        let path = "/api/v1/nodes"
        let spec = #"{"spec":\#(Manifests.hollowNodeSpec)}"#
        let steps: [(work: String, request: @Sendable (Int) -> Request)] = [
            ("create nodes", { .post(path, Manifests.hollowNode("hollow-\($0)", number: $0, now: now)) }),
            ("report nodes ready", { .mergePatch("\(path)/hollow-\($0)/status", Manifests.hollowNode("hollow-\($0)", number: $0, now: now)) }),
            ("take taints from nodes", { .mergePatch("\(path)/hollow-\($0)", spec) }),
        ]
        for step in steps {
            _ = try await bench.run(Load(work: step.work, clients: Self.clients, requests: 0..<nodes, request: step.request))
        }
    }

    private func deleteNodes(_ bench: Bench) async throws {
        _ = try await bench.run(
            Load(work: "delete nodes", clients: Self.clients, requests: 0..<nodes, accepted: [404]) { .delete("/api/v1/nodes/hollow-\($0)") })
        try await bench.process.settle()
    }

    private static func timestamp() -> String {
        var now = time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        var text = [CChar](repeating: 0, count: 32)
        strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// When each pod was created and when it was seen to have a node.
private final class Bound: Sendable {
    private struct State {
        var made: [UInt64]
        var seen: [UInt64]
        var count = 0
        var failure: LoadError?
        var isWatching = true
    }

    private let state: Mutex<State>

    init(_ pods: Int) {
        let zeros = [UInt64](repeating: 0, count: pods)
        state = Mutex(State(made: zeros, seen: zeros))
    }

    var latencies: Latencies {
        state.withLock { state in Latencies(zip(state.made, state.seen).compactMap { $1 > $0 ? $1 - $0 : nil }) }
    }

    func make(_ number: Int) { state.withLock { $0.made[number] = nanoseconds() } }

    func see(_ event: UnsafeRawBufferPointer) {
        guard EventBytes.end(of: #""nodeName":""#, in: event) != nil, let found = EventBytes.number(after: #""name":"sched-"#, in: event) else {
            return
        }
        let now = nanoseconds()
        state.withLock { state in
            guard let number = Int(exactly: found), number < state.seen.count, state.seen[number] == 0 else { return }
            state.seen[number] = now
            state.count += 1
        }
    }

    func end(_ error: LoadError) { state.withLock { if $0.isWatching { $0.failure = error } } }

    func stopWatching() { state.withLock { $0.isWatching = false } }

    /// How many pods have a node when all have or the time is over.
    func all(_ pods: Int, within patience: Duration) async throws -> Int {
        let deadline = ContinuousClock.now + patience
        while true {
            let (count, failure) = state.withLock { ($0.count, $0.failure) }
            if let failure { throw failure }
            if count >= pods || ContinuousClock.now > deadline { return count }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
