import APIServer
import ArgumentParser
import JSON

struct AuthorizationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "authorization", abstract: "What a request costs with few role bindings and with many.")

    func run() throws { print(try AuthorizationBenchmark().run().text) }
}

/// The default policy and some bindings of users to a role: what is asked of one user costs the same however many others there are.
struct AuthorizationBenchmark {
    private static let few = 10
    private static let many = 10_000

    func run() throws -> Table {
        let (small, large) = (authorizer(bindings: Self.few), authorizer(bindings: Self.many))
        var table = Table(against: "\(Self.few) bindings")
        for (work, verb, namespace) in [("may, by one binding", "get", "team-1"), ("may not, after all have been looked at", "delete", "team-1")] {
            var request = AuthorizationAttributes(
                user: UserInfo(name: "user-1", groups: ["devs", "system:authenticated"]), verb: verb, resource: "pods", namespace: namespace,
                name: "p")
            request.apiVersion = "v1"
            let question = request
            guard small.authorize(question).isAllowed == (verb == "get"), large.authorize(question).isAllowed == (verb == "get") else {
                throw BenchmarkError.lost("a decision")
            }
            let times = try microseconds({ keep(large.authorize(question)) }, { keep(small.authorize(question)) })
            table.add(
                .init(
                    work: "authorize with \(Figures.grouped(Self.many)) bindings: \(work)", ours: "\(Figures.number(times[0])) us",
                    reference: "\(Figures.number(times[1])) us", ratio: Figures.number(times[0] / times[1]), aim: "1"))
        }
        return table
    }

    /// Half of the bindings are of namespaces and half of the whole cluster, each of a user of its own.
    private func authorizer(bindings count: Int) -> RBACAuthorizer {
        var objects = DefaultPolicy.shared.objects
        let role: JSONValue = ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"]
        for index in 0..<count {
            let subjects: JSONValue = [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": .string("user-\(index)")]]
            var metadata: JSONValue = ["name": .string("binding-\(index)")]
            if index % 2 == 1 { metadata["namespace"] = .string("team-\(index)") }
            objects.append((index % 2 == 1 ? .roleBinding : .clusterRoleBinding, ["metadata": metadata, "roleRef": role, "subjects": subjects]))
        }
        return RBACAuthorizer(source: Source(objects))
    }

    /// Role objects that do not change.
    private struct Source: RBACSource {
        private let byKind: [RBACKind: [JSONValue]]

        init(_ objects: [(kind: RBACKind, object: JSONValue)]) {
            byKind = Dictionary(grouping: objects, by: \.kind).mapValues { $0.map(\.object) }
        }

        var version: UInt64 { 1 }
        func objects(_ kind: RBACKind) -> [JSONValue] { byKind[kind] ?? [] }
    }
}
