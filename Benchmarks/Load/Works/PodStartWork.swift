import JSON

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
        let pods = Sightings(objects: count)
        let lines = try await bench.connect(clients + 1)
        try await EventStream.open(
            "\(PodWork.path)?watch=1&labelSelector=app%3Dpodstart", on: lines[0], onLine: { Self.see($0, prefix, pods) }, onEnd: { pods.end($0) })
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
                try await Self.wait(for: "pod \(prefix)-\(number) to be ready", pods) { $0.seen > number }
            }
        } else {
            try await create.run(on: Array(lines.dropFirst()))
            try await Self.wait(for: "\(count) pods to be ready", pods) { $0.seen == count }
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
        try await Self.wait(for: "\(count) pods to be gone", pods) { $0.gone == count }
        Bench.say("delete these pods: \(count) in \(Figures.seconds(elapsed(since: deleting)))")
        pods.stopWatching()
        for line in lines { line.close() }
        try await bench.process.settle()
        return measured
    }

    /// An event that shows a pod running and ready, or gone.
    private static func see(_ bytes: UnsafeRawBufferPointer, _ prefix: String, _ pods: Sightings) {
        guard let event = try? JSONValue(parsing: Array(bytes)), let object = event["object"],
            let name = object["metadata"]?["name"]?.stringValue, name.hasPrefix(prefix + "-"), let number = Int(name.dropFirst(prefix.count + 1))
        else { return }
        if event["type"] == "DELETED" { return pods.lose() }
        let isReady = object["status"]?["conditions"]?.arrayValue?.contains { $0["type"] == "Ready" && $0["status"] == "True" } ?? false
        if isReady, object["status"]?["phase"] == "Running" { pods.see(number) }
    }

    private static func wait(for what: String, _ pods: Sightings, until condition: (Sightings.State) -> Bool) async throws {
        let last = try await pods.wait(within: .seconds(60), until: condition)
        guard condition(last) else { throw LoadError.notInTime("\(what); ready: \(last.seen), gone: \(last.gone)") }
    }
}
