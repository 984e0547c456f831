import JSON
import KubernetesClient

/// What people do with the cluster: they make, change and delete workloads, as the dice fall.
struct Workload: Sendable {
    /// What this run is to prove; things that would spoil it are left out.
    enum Form: Int, CaseIterable, Sendable {
        /// Roll-outs only: a deployment that has been whole is never less available than it allows.
        case rollouts
        /// Evictions only: no disruption budget is broken.
        case evictions
        /// Everything, power cuts and all.
        case everything
    }

    let world: World
    let form: Form
    let client: Client
    private static let apps = "/apis/apps/v1/namespaces/default"
    private static let pods = "/api/v1/namespaces/default/pods"
    private static let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

    init(_ world: World, _ form: Form) {
        self.world = world
        self.form = form
        client = world.client("user")
    }

    private var dice: Dice { world.dice }

    /// One thing that somebody does.
    func act() async {
        switch form {
        case .rollouts: await rollOut(scales: false)
        case .evictions: await evict()
        case .everything:
            switch dice.number(1...14) {
            case 1...4: await rollOut(scales: true)
            case 5...6: await statefulSet()
            case 7...8: await daemonSet()
            case 9...10: await job()
            case 11: await evict()
            case 12: await deleteSomePod()
            case 13: await cordon()
            default: await namespace()
            }
        }
    }

    /// What is there before things begin to go wrong.
    func begin() async {
        switch form {
        case .rollouts: for number in 0..<3 { await makeDeployment("web-\(number)") }
        case .evictions:
            for number in 0..<3 {
                await makeDeployment("web-\(number)")
                let replicas = await get("\(Self.apps)/deployments/web-\(number)")?["spec"]?["replicas"]?.integerValue ?? 1
                await make(
                    Self.budgets,
                    [
                        "metadata": ["name": .string("web-\(number)")],
                        "spec": [
                            "minAvailable": .integer(max(0, replicas - Int64(dice.number(1...2)))),
                            "selector": ["matchLabels": ["app": .string("web-\(number)")]],
                        ],
                    ])
            }
        case .everything: await rollOut(scales: true)
        }
    }

    /// Nothing that people have stopped half way is left so.
    func finish() async {
        for number in 0..<3 {
            await patch("\(Self.apps)/deployments/web-\(number)", ["spec": ["paused": .bool(false)]])
        }
        for node in world.nodeNames { await patch("/api/v1/nodes/\(node)", ["spec": ["unschedulable": .null]]) }
    }

    // MARK: Deployments

    private func rollOut(scales: Bool) async {
        let name = "web-\(dice.number(0...2))"
        let path = "\(Self.apps)/deployments/\(name)"
        guard await get(path) != nil else { return await makeDeployment(name) }
        switch dice.number(1...(scales ? 12 : 7)) {
        case 1...5:
            await changeImage(path, "web:\(dice.number(1...5))")
        case 6: await patch(path, ["spec": ["paused": true]])
        case 7: await patch(path, ["spec": ["paused": false]])
        case 8...10: await patch(path, ["spec": ["replicas": .integer(Int64(dice.number(0...8)))]])
        default: await delete(path)
        }
    }

    private func makeDeployment(_ name: String) async {
        var spec = workload(name, replicas: dice.number(1...6))
        if dice.once(in: 8) {
            spec["strategy"] = ["type": "Recreate"]
        } else {
            let unavailable = dice.number(0...2)
            spec["strategy"] = [
                "type": "RollingUpdate",
                "rollingUpdate": [
                    "maxUnavailable": .integer(Int64(unavailable)), "maxSurge": .integer(Int64(unavailable == 0 ? 1 : dice.number(0...2))),
                ],
            ]
        }
        await make("\(Self.apps)/deployments", ["metadata": ["name": .string(name)], "spec": spec])
    }

    // MARK: Others

    private func statefulSet() async {
        let name = "db-\(dice.number(0...1))"
        let path = "\(Self.apps)/statefulsets/\(name)"
        guard await get(path) != nil else {
            var spec = workload(name, replicas: dice.number(1...4))
            spec["serviceName"] = .string(name)
            if dice.once(in: 2) { spec["podManagementPolicy"] = "Parallel" }
            return await make("\(Self.apps)/statefulsets", ["metadata": ["name": .string(name)], "spec": spec])
        }
        switch dice.number(1...8) {
        case 1...3: await patch(path, ["spec": ["replicas": .integer(Int64(dice.number(0...5)))]])
        case 4...6:
            await changeImage(path, "db:\(dice.number(1...3))")
        case 7:
            await patch(
                path, ["spec": ["updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["partition": .integer(Int64(dice.number(0...2)))]]]])
        default: await delete(path)
        }
    }

    private func daemonSet() async {
        let path = "\(Self.apps)/daemonsets/agent"
        guard await get(path) != nil else {
            var spec = workload("agent", replicas: nil)
            spec["template"]?["spec"]?["tolerations"] = [["operator": "Exists"]]
            return await make("\(Self.apps)/daemonsets", ["metadata": ["name": "agent"], "spec": spec])
        }
        if dice.once(in: 6) { return await delete(path) }
        await changeImage(path, "agent:\(dice.number(1...3))")
    }

    private func job() async {
        let name = "job-\(dice.number(0...4))"
        let path = "/apis/batch/v1/namespaces/default/jobs/\(name)"
        if await get(path) != nil {
            if dice.once(in: 3) { await delete(path) }
            return
        }
        let completions = Int64(dice.number(1...6))
        await make(
            "/apis/batch/v1/namespaces/default/jobs",
            [
                "metadata": ["name": .string(name)],
                "spec": [
                    "completions": .integer(completions), "parallelism": .integer(Int64(dice.number(1...4))), "backoffLimit": 50,
                    "completionMode": dice.once(in: 2) ? "Indexed" : "NonIndexed",
                    "template": [
                        "metadata": ["labels": ["fails": .string("\(dice.one(of: [0, 10, 40]) ?? 0)")]],
                        "spec": [
                            "restartPolicy": dice.once(in: 3) ? "OnFailure" : "Never", "containers": [["name": "c", "image": "job:1"]],
                        ],
                    ],
                ],
            ])
    }

    private func evict() async {
        guard let name = await somePod("app") else { return }
        await make("\(Self.pods)/\(name)/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(name)]])
    }

    private func deleteSomePod() async {
        guard let name = await somePod(nil) else { return }
        await delete("\(Self.pods)/\(name)")
    }

    private func cordon() async {
        guard let node = dice.one(of: world.nodeNames) else { return }
        await patch("/api/v1/nodes/\(node)", ["spec": ["unschedulable": dice.once(in: 2) ? true : .null]])
    }

    private func namespace() async {
        if await get("/api/v1/namespaces/short") != nil { return await delete("/api/v1/namespaces/short") }
        await make("/api/v1/namespaces", ["metadata": ["name": "short"]])
        await make(
            "/apis/apps/v1/namespaces/short/deployments", ["metadata": ["name": "web"], "spec": workload("web", replicas: dice.number(1...3))])
    }

    // MARK: Calls

    private func changeImage(_ path: String, _ image: String) async {
        await patch(path, ["spec": ["template": ["spec": ["containers": [["name": "c", "image": .string(image)]]]]]])
    }

    private func workload(_ name: String, replicas: Int?) -> JSONValue {
        let labels: JSONValue = ["app": .string(name)]
        var spec: JSONValue = [
            "selector": ["matchLabels": labels],
            "template": ["metadata": ["labels": labels], "spec": ["containers": [["name": "c", "image": "web:1"]]]],
        ]
        if let replicas { spec["replicas"] = .integer(Int64(replicas)) }
        return spec
    }

    private func somePod(_ label: String?) async -> String? {
        let items = await get(Self.pods)?["items"]?.arrayValue ?? []
        let names = items.filter { label == nil || $0["metadata"]?["labels"]?[label ?? ""] != nil }
            .compactMap { $0["metadata"]?["name"]?.stringValue }
        return dice.one(of: names)
    }

    private func get(_ path: String) async -> JSONValue? { try? await client.get(path: path) }

    private func make(_ path: String, _ body: JSONValue) async {
        await attempt("makes \(body["metadata"]?["name"]?.stringValue ?? "") in \(path)") { _ = try await client.post(path: path, body) }
    }

    private func patch(_ path: String, _ body: JSONValue) async {
        await attempt("patches \(path) \(String(decoding: body.serialized(), as: UTF8.self))") {
            _ = try await client.send("PATCH", path, body.serialized(), contentType: "application/strategic-merge-patch+json")
        }
    }

    private func delete(_ path: String) async {
        let policy = dice.one(of: ["Background", "Foreground", "Orphan"]) ?? "Background"
        await attempt("deletes \(path) \(policy)") {
            _ = try await client.send("DELETE", path, (["propagationPolicy": .string(policy)] as JSONValue).serialized())
        }
    }

    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
            world.trace.note("user \(what)")
        } catch {
            world.trace.note("user \(what): \(error)")
        }
    }
}
