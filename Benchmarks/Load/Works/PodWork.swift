/// Thousands of pods that no node takes: created while the scheduler and the controllers look at each, then listed.
struct PodWork {
    static let clients = 32
    static let path = "/api/v1/namespaces/\(Bench.namespace)/pods"

    var pods = 3_000

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let create = Load(work: "create pods", clients: Self.clients, requests: 0..<pods, seconds: 40) {
            .post(Self.path, Manifests.pod("load-\($0)", number: $0))
        }
        let created = try await bench.run(create)
        try await bench.process.settle()
        // Not in turns with the server's part: the scheduler is at work long after the last pod was created.
        let createCeiling = try await bench.ceiling(of: create, answerBytes: created.bytesEach)

        let list = Load(work: "list all pods", clients: 1, requests: 0..<21) { _ in .get(Self.path) }
        let (listed, listCeiling) = try await bench.compare(list)
        let byLabel = Load(work: "list pods by label", clients: 1, requests: 0..<100) { _ in .get("\(Self.path)?labelSelector=shard%3Ds1") }
        let selected = try await bench.run(byLabel)
        try await Self.delete(0..<pods, "load", bench)
        return [
            Table.Row(
                work:
                    "create pods of \(Figures.kilobytes(Manifests.pod("load-0", number: 0).utf8.count)), 32 clients, scheduler and controllers running",
                ours: "\(Figures.perSecond(created.perSecond)), \(Figures.percentiles(created.latencies, 50))",
                reference: Figures.perSecond(createCeiling.perSecond), ratio: Figures.ratio(created.perSecond / createCeiling.perSecond),
                aim: "0.35 of the ceiling"),
            Table.Row(
                work: "list \(Figures.grouped(created.count)) pods (\(Figures.megabytes(listed.bytesEach))), one client",
                ours: Figures.megabytesPerSecond(listed.megabytesPerSecond),
                reference: Figures.megabytesPerSecond(listCeiling.megabytesPerSecond),
                ratio: Figures.ratio(listed.megabytesPerSecond / listCeiling.megabytesPerSecond), aim: "0.7 of the ceiling"),
            Table.Row(
                work: "list \(created.count / 10) of \(Figures.grouped(created.count)) pods by label",
                ours: Figures.percentiles(selected.latencies, 50), aim: "5 ms"),
        ]
    }

    /// Deletes pods at once, and waits until what that makes others do is done.
    static func delete(_ pods: Range<Int>, _ prefix: String, _ bench: Bench) async throws {
        _ = try await bench.run(
            Load(work: "delete pods", clients: clients, requests: pods, seconds: 60, accepted: [404]) { .delete("\(path)/\(prefix)-\($0)") })
        try await bench.process.settle()
    }
}
