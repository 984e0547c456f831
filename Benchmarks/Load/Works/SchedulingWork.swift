/// Pods bound to nodes that no kubelet stands behind.
struct SchedulingWork {
    static let clients = 32

    var nodes = 1_000
    var pods = 3_000
    /// How long the last pod may take. Without a kubelet the nodes count as ready for 40 seconds only.
    var patience = Duration.seconds(35)

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let hollow = HollowNodes(count: nodes)
        try await hollow.make(bench)
        try await bench.process.settle(limit: 5)
        let bound = Sightings(objects: pods)
        let lines = try await bench.connect(Bench.connections)
        try await EventStream.open(
            "\(PodWork.path)?watch=1&labelSelector=app%3Dload", on: lines[0], onLine: { Self.see($0, bound) }, onEnd: { bound.end($0) })
        let start = nanoseconds()
        let create = Load(work: "create pods for \(nodes) nodes", clients: Self.clients, requests: 0..<pods, seconds: 20) { number in
            bound.make(number)
            return .post(PodWork.path, Manifests.pod("sched-\(number)", number: number))
        }
        let created = try await bench.run(create, on: lines)
        let count = try await bound.wait(within: patience) { $0.seen >= created.count }.seen
        let took = elapsed(since: start)
        let latencies = bound.latencies
        bound.stopWatching()
        for line in lines { line.close() }
        Bench.say("schedule pods: \(Figures.grouped(count)) in \(Figures.seconds(took)), \(Figures.percentiles(latencies, 50, 99))")
        try await PodWork.delete(0..<pods, "sched", bench)
        try await hollow.delete(bench)
        let complete = count == pods ? "" : " (\(Figures.grouped(count)) within \(Figures.seconds(took)))"
        return [
            Table.Row(
                work: "schedule \(Figures.grouped(pods)) pods on \(Figures.grouped(nodes)) nodes, creation included",
                ours: "\(Figures.perSecond(Double(count) / took, "pods")), \(Figures.percentiles(latencies, 50))\(complete)", aim: "2,500 pods/s"),
            Table.Row(work: "create the pods of that", ours: Figures.perSecond(created.perSecond)),
        ]
    }

    /// An event that shows a pod on a node.
    private static func see(_ event: UnsafeRawBufferPointer, _ bound: Sightings) {
        guard EventBytes.end(of: #""nodeName":""#, in: event) != nil, let found = EventBytes.number(after: #""name":"sched-"#, in: event) else {
            return
        }
        bound.see(Int(clamping: found))
    }
}
