import JSON

/// Brings the default roles and bindings into a cluster: creates what is missing, adds what is missing in them, takes nothing away.
struct PolicyBootstrap: Sendable {
    let registry: Registry

    func run() async throws(APIStatus) {
        let results = await withTaskGroup(of: Result<Void, APIStatus>.self) { group in
            for (kind, object) in DefaultPolicy.shared.objects {
                group.addTask {
                    do throws(APIStatus) {
                        return .success(try await reconcile(kind, object))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            var results: [Result<Void, APIStatus>] = []
            for await result in group { results.append(result) }
            return results
        }
        for result in results { try result.get() }
    }

    private func reconcile(_ kind: RBACKind, _ desired: JSONValue) async throws(APIStatus) {
        let name = desired["metadata"]?["name"]?.stringValue ?? ""
        let namespace = desired["metadata"]?["namespace"]?.stringValue ?? ""
        guard let existing = registry.object(group: RBACKind.group, resource: kind.rawValue, namespace: namespace, name: name) else {
            do throws(APIStatus) {
                try await perform("create", kind, namespace, name: "", desired)
            } catch {
                // Another server of the same cluster may have been faster.
                if error.reason != "AlreadyExists" { throw error }
            }
            return
        }
        switch PolicyReconciliation.step(existing: existing, desired: desired) {
        case .keep:
            break
        case .update(let object):
            try await perform("update", kind, namespace, name: name, object)
        case .replace:
            try await perform("delete", kind, namespace, name: name, [:])
            try await perform("create", kind, namespace, name: "", desired)
        }
    }

    private func perform(_ verb: String, _ kind: RBACKind, _ namespace: String, name: String, _ body: JSONValue) async throws(APIStatus) {
        _ = try await registry.perform(verb, RBACKind.group, "v1", kind.rawValue, namespace: namespace, name: name, body: body)
    }
}
