import JSON
import Synchronization

/// Pods started for real, as a client sees it: from the request to the first event that shows the pod running and ready.
struct PodStartWork {
    /// On the node from the start; holds `/usr/bin/apus`.
    var image: String
    var oneByOne = 10
    var together = 30
    var clients = 10

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let alone = try await start(oneByOne, "alone", clients: 1, waitForEach: true, bench)
        let crowd = try await start(together, "crowd", clients: clients, waitForEach: false, bench)
        return [
            Table.Row(work: "one pod, create to Running and ready", ours: Figures.percentiles(alone.latencies, 50), aim: "300 ms"),
            Table.Row(
                work: "\(together) pods, \(clients) at a time",
                ours: "\(Figures.perSecond(crowd.perSecond, "pods")), \(Figures.percentiles(crowd.latencies, 50))", aim: "8 pods/s"),
        ]
    }

    private func start(_ count: Int, _ prefix: String, clients: Int, waitForEach: Bool, _ bench: Bench) async throws -> Load.Measured {
        let pods = StartedPods(count)
        let lines = try await bench.connect(clients + 1)
        try await EventStream.open(
            "\(PodWork.path)?watch=1&labelSelector=app%3Dpodstart", on: lines[0], onLine: { pods.see($0, prefix) }, onEnd: { pods.end($0) })
        let image = image
        let create = Load(work: "start pods", clients: clients, requests: 0..<count) { number in
            pods.make(number)
            return .post(PodWork.path, Manifests.runningPod("\(prefix)-\(number)", image: image))
        }
        let start = nanoseconds()
        if waitForEach {
            for number in 0..<count {
                var one = create
                one.requests = number..<(number + 1)
                try await one.run(on: Array(lines.dropFirst()))
                try await pods.wait(for: "pod \(prefix)-\(number) to be ready") { $0.started > number }
            }
        } else {
            try await create.run(on: Array(lines.dropFirst()))
            try await pods.wait(for: "\(count) pods to be ready") { $0.started == count }
        }
        var measured = Load.Measured()
        measured.count = count
        measured.seconds = elapsed(since: start)
        measured.latencies = pods.latencies
        Bench.say(
            "start pods, \(clients) at a time: \(count) in \(Figures.seconds(measured.seconds)), \(Figures.percentiles(measured.latencies, 50, 99))")
        let deleting = nanoseconds()
        try await Load(work: "delete pods", clients: clients, requests: 0..<count) { .delete("\(PodWork.path)/\(prefix)-\($0)") }
            .run(on: Array(lines.dropFirst()))
        try await pods.wait(for: "\(count) pods to be gone") { $0.gone == count }
        Bench.say("delete these pods: \(count) in \(Figures.seconds(elapsed(since: deleting)))")
        pods.stopWatching()
        for line in lines { line.close() }
        try await bench.process.settle()
        return measured
    }
}

/// What the events say of the pods.
private final class StartedPods: Sendable {
    struct State {
        var made: [UInt64]
        var ready: [UInt64]
        var started = 0
        var gone = 0
        var failure: LoadError?
        var isWatching = true
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        let zeros = [UInt64](repeating: 0, count: count)
        state = Mutex(State(made: zeros, ready: zeros))
    }

    var latencies: Latencies {
        state.withLock { state in Latencies(zip(state.made, state.ready).compactMap { $1 > $0 ? $1 - $0 : nil }) }
    }

    func make(_ number: Int) { state.withLock { $0.made[number] = nanoseconds() } }

    func see(_ bytes: UnsafeRawBufferPointer, _ prefix: String) {
        let now = nanoseconds()
        guard let event = try? JSONValue(parsing: Array(bytes)), let object = event["object"],
            let name = object["metadata"]?["name"]?.stringValue, name.hasPrefix(prefix + "-"), let number = Int(name.dropFirst(prefix.count + 1))
        else { return }
        let isGone = event["type"]?.stringValue == "DELETED"
        let isReady = object["status"]?["conditions"]?.arrayValue?.contains { $0["type"] == "Ready" && $0["status"] == "True" } ?? false
        let isRunning = object["status"]?["phase"] == "Running"
        state.withLock { state in
            guard number >= 0, number < state.ready.count else { return }
            if isGone {
                state.gone += 1
            } else if isReady, isRunning, state.ready[number] == 0 {
                state.ready[number] = now
                state.started += 1
            }
        }
    }

    func end(_ error: LoadError) { state.withLock { if $0.isWatching { $0.failure = error } } }

    func stopWatching() { state.withLock { $0.isWatching = false } }

    func wait(for what: String, _ condition: (State) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let now = state.withLock { $0 }
            if let failure = now.failure { throw failure }
            if condition(now) { return }
            if ContinuousClock.now > deadline { throw LoadError.notInTime("\(what); ready: \(now.started), gone: \(now.gone)") }
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}
