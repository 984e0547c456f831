import JSON
import Storage

/// What must be true when everything has come to rest.
struct RestCheck {
    private let world: World
    private var objects: [(key: String, tree: JSONValue)] = []

    init(_ world: World) async throws {
        self.world = world
        for keyValue in try await world.store.range(RangeRequest(.all)).keyValues {
            if let tree = try? JSONValue(parsing: keyValue.value), tree["metadata"]?["uid"] != nil { objects.append((keyValue.key, tree)) }
        }
    }

    func run() {
        ownership()
        deployments()
        statefulSets()
        daemonSets()
        jobs()
    }

    private func fail(_ key: String, _ what: String) { world.trace.violated("at rest: \(key) \(what)") }

    private func all(_ prefix: String) -> [(key: String, tree: JSONValue)] { objects.filter { $0.key.hasPrefix("/registry/\(prefix)/") } }

    private func owned(by owner: JSONValue, _ prefix: String) -> [(key: String, tree: JSONValue)] {
        let uid = owner["metadata"]?["uid"]
        return all(prefix).filter { $0.tree["metadata"]?["ownerReferences"]?.arrayValue?.contains { $0["uid"] == uid } ?? false }
    }

    /// Nothing owned is left behind, nothing has two controllers, and nothing waits to be deleted.
    private func ownership() {
        let uids = Set(objects.compactMap { $0.tree["metadata"]?["uid"]?.stringValue })
        for (key, tree) in objects {
            let owners = tree["metadata"]?["ownerReferences"]?.arrayValue ?? []
            if !owners.isEmpty, !owners.contains(where: { uids.contains($0["uid"]?.stringValue ?? "") }) { fail(key, "has no owner any more") }
            if owners.count(where: { $0["controller"]?.boolValue == true }) > 1 { fail(key, "has two controllers") }
            if tree["metadata"]?["deletionTimestamp"] != nil { fail(key, "waits to be deleted") }
        }
    }

    private func isReady(_ pod: JSONValue) -> Bool {
        pod["status"]?["conditions"]?.arrayValue?.contains { $0["type"]?.stringValue == "Ready" && $0["status"]?.stringValue == "True" } ?? false
    }

    private func expect(_ key: String, _ status: JSONValue?, _ fields: [String: Int64]) {
        for (field, wanted) in fields.sorted(by: { $0.key < $1.key }) {
            let found = status?[field]?.integerValue ?? 0
            if found != wanted { fail(key, "says \(field): \(found), and it is \(wanted)") }
        }
    }

    private func deployments() {
        for (key, tree) in all("deployments") {
            let wanted = tree["spec"]?["replicas"]?.integerValue ?? 1
            expect(
                key, tree["status"],
                [
                    "replicas": wanted, "updatedReplicas": wanted, "availableReplicas": wanted,
                    "observedGeneration": tree["metadata"]?["generation"]?.integerValue ?? 0,
                ])
        }
        for (key, tree) in all("replicasets") {
            let pods = owned(by: tree, "pods")
            let wanted = tree["spec"]?["replicas"]?.integerValue ?? 1
            if Int64(pods.count) != wanted { fail(key, "has \(pods.count) pods and wants \(wanted)") }
            expect(key, tree["status"], ["replicas": wanted, "readyReplicas": Int64(pods.count { isReady($0.tree) })])
        }
    }

    private func statefulSets() {
        for (key, tree) in all("statefulsets") {
            let wanted = tree["spec"]?["replicas"]?.integerValue ?? 1
            expect(key, tree["status"], ["replicas": wanted, "readyReplicas": wanted])
            let names = owned(by: tree, "pods").compactMap { $0.tree["metadata"]?["name"]?.stringValue }.sorted()
            let name = tree["metadata"]?["name"]?.stringValue ?? ""
            if names != (0..<wanted).map({ "\(name)-\($0)" }).sorted() { fail(key, "has the pods \(names) and wants \(wanted)") }
        }
    }

    private func daemonSets() {
        for (key, tree) in all("daemonsets") {
            let wanted = Int64(world.nodeNames.count)
            expect(key, tree["status"], ["desiredNumberScheduled": wanted, "numberReady": wanted, "updatedNumberScheduled": wanted])
        }
    }

    private func jobs() {
        for (key, tree) in all("jobs") {
            let uid = tree["metadata"]?["uid"]?.stringValue ?? ""
            let succeeded = tree["status"]?["succeeded"]?.integerValue ?? 0
            let wanted = tree["spec"]?["completions"]?.integerValue ?? 1
            let really = Int64(world.ledger.succeeded(under: uid))
            if succeeded > really { fail(key, "counts \(succeeded) successes, and \(really) pods have succeeded") }
            let conditions = tree["status"]?["conditions"]?.arrayValue ?? []
            guard
                let end = conditions.first(where: { $0["status"]?.stringValue == "True" && ["Complete", "Failed"].contains($0["type"]?.stringValue) })
            else {
                fail(key, "has not ended")
                continue
            }
            if end["type"]?.stringValue == "Complete", succeeded != wanted { fail(key, "is complete with \(succeeded) of \(wanted)") }
            if owned(by: tree, "pods").contains(where: { $0.tree["metadata"]?["finalizers"]?.arrayValue?.isEmpty == false }) {
                fail(key, "holds its pods")
            }
        }
    }
}
