import JSON

/// A deployment of many pods on hollow nodes: made, rolled to another image and deleted.
struct RolloutWork {
    var replicas = 5_000
    /// Each takes up to 110 pods; in a roll-out there are a quarter more.
    var nodes = 100
    private static let path = "/apis/apps/v1/namespaces/\(Bench.namespace)/deployments"
    private static let patience = Duration.seconds(120)

    func run(_ bench: Bench) async throws -> [Table.Row] {
        let hollow = HollowNodes(count: nodes)
        try await hollow.make(bench)
        let lines = try await bench.connect(Bench.connections)
        let kubelets = HollowKubelets(lines: lines)
        try await kubelets.follow(label: "app%3Drollout", on: lines[0])
        var rows: [Table.Row] = []
        func step(_ what: String, _ request: Request, until isDone: @Sendable (JSONValue) -> Bool) async throws {
            let start = nanoseconds()
            _ = try await WholeAnswer.ask(request, on: bench.lines[0])
            try await wait(bench, hollow, kubelets, isDone)
            let took = elapsed(since: start)
            Bench.say("\(what): \(Figures.seconds(took))")
            rows.append(
                Table.Row(
                    work: "\(what) a deployment of \(Figures.grouped(replicas)) pods on \(nodes) nodes", ours: Figures.seconds(took), aim: "10 s"))
        }
        let wanted = Int64(replicas)
        try await step("create", .post(Self.path, manifest), until: { Self.isWhole($0, wanted) })
        let image = #"{"spec":{"template":{"metadata":{"annotations":{"example.com/round":"2"}}}}}"#
        try await step("roll", .mergePatch("\(Self.path)/rollout", image), until: { Self.isWhole($0, wanted) })
        let gone = 2 * replicas
        try await step("delete", .delete("\(Self.path)/rollout"), until: { _ in kubelets.gone >= gone })
        kubelets.stop()
        for line in lines { line.close() }
        try await hollow.delete(bench)
        return rows
    }

    private func wait(
        _ bench: Bench, _ hollow: HollowNodes, _ kubelets: HollowKubelets, _ isDone: @Sendable (JSONValue) -> Bool
    ) async throws {
        let start = ContinuousClock.now
        var beat = start
        while ContinuousClock.now - start < Self.patience {
            try kubelets.check()
            let list = try await WholeAnswer.ask(.get("\(Self.path)?fieldSelector=metadata.name%3Drollout"), on: bench.lines[0])
            if isDone(list["items"]?[0] ?? .null) { return }
            if ContinuousClock.now - beat > .seconds(15) {
                try await hollow.beat(on: bench.lines)
                beat = ContinuousClock.now
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw LoadError.notInTime("the deployment's next state")
    }

    /// All pods are of the newest kind, and available.
    private static func isWhole(_ deployment: JSONValue, _ wanted: Int64) -> Bool {
        guard let status = deployment["status"], status["observedGeneration"] == deployment["metadata"]?["generation"] else { return false }
        return ["replicas", "updatedReplicas", "availableReplicas"].allSatisfy { status[$0]?.integerValue == wanted }
    }

    private var manifest: String {
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"rollout"},"spec":{"replicas":\(replicas),\
        "selector":{"matchLabels":{"app":"rollout"}},"template":{"metadata":{"labels":{"app":"rollout"}},\
        "spec":{"nodeSelector":{"example.com/hollow":"true"},"tolerations":[{"key":"example.com/hollow","operator":"Exists"}],\
        "containers":[{"name":"main","image":"registry.example.com/team/service:v1"}]}}}}
        """
    }
}
