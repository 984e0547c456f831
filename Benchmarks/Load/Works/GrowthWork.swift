import JSON
import NIOCore

/// The same few requests beside ever more objects: what each costs then shows what hangs on their number.
struct GrowthWork {
    private static let path = ConfigMapWork.path
    /// Objects that a label finds, however many there are.
    private static let group = 100
    private static let watchers = 50
    private static let updates = 100

    var sizes: [Int]

    /// One line of the table for each size.
    func run(_ bench: Bench) async throws -> Grid {
        var grid = Grid([
            "objects", "create, 32 clients", "get, 32 clients", "list \(Self.group) by label", "update to event, \(Self.watchers) watchers", "memory",
        ])
        var filled = 0
        for size in sizes.sorted() {
            let fill = Load(work: "create up to \(size) ConfigMaps", clients: ConfigMapWork.clients, requests: filled..<size, seconds: 120) {
                Self.create("grow-\($0)", $0)
            }
            if try await bench.run(fill).count < size - filled { throw LoadError.notInTime("\(size) ConfigMaps") }
            filled = size
            try await bench.process.settle()
            grid.add(try await measure(bench, size))
        }
        let clear = Load(work: "delete them", clients: ConfigMapWork.clients, requests: 0..<filled, seconds: 120, accepted: [404]) {
            .delete("\(Self.path)/grow-\($0)")
        }
        try await bench.run(clear)
        return grid
    }

    private func measure(_ bench: Bench, _ size: Int) async throws -> [String] {
        let clients = ConfigMapWork.clients
        let memory = try bench.process.memory()
        let get = try await bench.run(
            Load(work: "get one of \(size)", clients: clients, requests: 0..<10_000) { .get("\(Self.path)/grow-\($0 &* 7919 % size)") })
        let list = try await bench.run(
            Load(work: "list \(Self.group) of \(size) by label", clients: 1, requests: 0..<100) {
                .get("\(Self.path)?labelSelector=group%3Dg\($0 % max(1, size / Self.group))")
            })
        let create = try await bench.run(
            Load(work: "create beside \(size)", clients: clients, requests: 0..<2_000) { Self.create("more-\($0)", size + $0) })
        try await bench.run(Load(work: "delete these", clients: clients, requests: 0..<2_000) { .delete("\(Self.path)/more-\($0)") })
        try await bench.process.settle()
        let events = try await watch(bench)
        return [
            Figures.grouped(size), Self.text(create), Self.text(get), "p50 \(Figures.milliseconds(list.latencies.milliseconds(at: 0.5)))",
            "p50 \(Figures.milliseconds(events.milliseconds(at: 0.5)))", Figures.megabytes(memory),
        ]
    }

    private static func text(_ measured: Load.Measured) -> String {
        "\(Figures.perSecond(measured.perSecond)), \(Figures.percentiles(measured.latencies, 50))"
    }

    private static func create(_ name: String, _ number: Int) -> Request {
        .post(path, Manifests.configMap(name, group: "g\(number / group)"))
    }

    /// How long after an update was sent each watcher is told of it.
    private func watch(_ bench: Bench) async throws -> Latencies {
        let list = try await WholeAnswer.ask(.get("\(Self.path)?limit=1"), on: bench.lines[0])
        let version = list["metadata"]?["resourceVersion"]?.stringValue ?? "0"
        let events = Sightings()
        let lines = try await bench.connect(Bench.connections)
        for watcher in 0..<Self.watchers {
            try await EventStream.open(
                "\(Self.path)?watch=1&resourceVersion=\(version)", on: lines[watcher % lines.count],
                onLine: { event in
                    if let stamp = EventBytes.number(after: "\"stamp\":\"", in: event) { events.time(nanoseconds() - stamp) }
                }, onCount: { events.count($0) }, onEnd: { events.end($0) })
        }
        try await bench.run(
            Load(work: "update one before \(Self.watchers) watchers", clients: 1, requests: 0..<Self.updates, seconds: 60) { _ in
                .mergePatch("\(Self.path)/grow-0", #"{"metadata":{"annotations":{"stamp":"\#(nanoseconds())"}}}"#)
            }, on: lines)
        _ = try await events.wait(within: .seconds(60)) { $0.seen >= Self.updates * Self.watchers }
        events.stopWatching()
        for line in lines { line.close() }
        return events.latencies
    }
}
