import Glibc

/// Nodes that no kubelet stands behind.
struct HollowNodes: Sendable {
    static let clients = 32
    private static let path = "/api/v1/nodes"

    let count: Int

    /// Makes the nodes as their kubelets would: the object, then that it is ready; and takes away the taint of nodes that are not.
    func make(_ bench: Bench) async throws {
        let now = Self.timestamp()
        let path = Self.path
        let spec = #"{"spec":\#(Manifests.hollowNodeSpec)}"#
        let steps: [(work: String, request: @Sendable (Int) -> Request)] = [
            ("create nodes", { .post(path, Manifests.hollowNode("hollow-\($0)", number: $0, now: now)) }),
            ("report nodes ready", { .mergePatch("\(path)/hollow-\($0)/status", Manifests.hollowNode("hollow-\($0)", number: $0, now: now)) }),
            ("take taints from nodes", { .mergePatch("\(path)/hollow-\($0)", spec) }),
        ]
        for step in steps {
            _ = try await bench.run(Load(work: step.work, clients: Self.clients, requests: 0..<count, request: step.request))
        }
    }

    /// Says that the nodes live; those that say nothing for 40 seconds count as lost.
    func beat(on lines: [Line]) async throws {
        let now = Self.timestamp()
        let path = Self.path
        try await Load(work: "report nodes ready", clients: Self.clients, requests: 0..<count) {
            .mergePatch("\(path)/hollow-\($0)/status", Manifests.hollowNode("hollow-\($0)", number: $0, now: now))
        }.run(on: lines)
    }

    func delete(_ bench: Bench) async throws {
        let path = Self.path
        _ = try await bench.run(
            Load(work: "delete nodes", clients: Self.clients, requests: 0..<count, accepted: [404]) { .delete("\(path)/hollow-\($0)") })
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
