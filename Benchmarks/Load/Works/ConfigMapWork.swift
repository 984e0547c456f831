/// Small objects: written durably, and read.
struct ConfigMapWork {
    static let clients = 32
    static let path = "/api/v1/namespaces/\(Bench.namespace)/configmaps"

    var creates = 7_000
    var reads = 35_000

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let create = Load(work: "create ConfigMaps", clients: Self.clients, requests: 0..<creates) {
            .post(Self.path, Manifests.configMap("load-\($0)"))
        }
        let (created, createCeiling) = try await bench.compare(create)
        // One object that all clients read.
        let get = Load(work: "get one ConfigMap, HTTP/2", clients: Self.clients, requests: 0..<reads) { _ in .get("\(Self.path)/load-0") }
        let (got, getCeiling) = try await bench.compare(get)
        let lines = try await bench.connect(Self.clients, .http1)
        var get1 = get
        get1.work = "get one ConfigMap, HTTP/1.1"
        let (got1, get1Ceiling) = try await bench.compare(get1, .http1, on: lines)
        for line in lines { line.close() }
        return [
            row("get one ConfigMap, 32 clients, HTTP/2", got, getCeiling, aim: "0.7 of the ceiling"),
            row("get one ConfigMap, 32 clients, HTTP/1.1", got1, get1Ceiling, aim: "0.7 of the ceiling"),
            row("create ConfigMaps, 32 clients, each durable", created, createCeiling, aim: "0.5 of the ceiling"),
        ]
    }

    private func row(_ work: String, _ ours: Load.Measured, _ ceiling: Load.Measured, aim: String) -> Table.Row {
        Table.Row(
            work: work, ours: "\(Figures.perSecond(ours.perSecond)), \(Figures.percentiles(ours.latencies, 50))",
            reference: Figures.perSecond(ceiling.perSecond), ratio: Figures.ratio(ours.perSecond / ceiling.perSecond), aim: aim)
    }
}
