import JSON
import Logging

/// Brings the default roles and bindings into a cluster: makes what is missing, adds what has been added since, takes nothing away.
struct PolicyBootstrap: Sendable {
    let registry: Registry
    let logger: Logger

    func apply(_ policy: DefaultPolicy) async throws(APIStatus) {
        let objects = policy.objects
        // Roles first: a binding must not speak of a role that is not there. Within each part all at once, so that they share a commit.
        for isBinding in [false, true] {
            let part = objects.filter { ($0.kind == .clusterRoleBinding || $0.kind == .roleBinding) == isBinding }
            let failures = await withTaskGroup(of: APIStatus?.self) { group in
                for (kind, object) in part {
                    group.addTask {
                        do throws(APIStatus) {
                            try await apply(kind, object)
                            return nil
                        } catch {
                            return error
                        }
                    }
                }
                return await group.reduce(into: [APIStatus]()) { failures, failure in
                    if let failure { failures.append(failure) }
                }
            }
            if let failure = failures.first { throw failure }
        }
    }

    private func apply(_ kind: RBACKind, _ desired: JSONValue) async throws(APIStatus) {
        let namespace = desired["metadata"]?["namespace"]?.stringValue ?? ""
        let name = desired["metadata"]?["name"]?.stringValue ?? ""
        func perform(_ verb: String, _ body: JSONValue) async throws(APIStatus) {
            do throws(APIStatus) {
                _ = try await registry.perform(
                    verb, RBACKind.group, "v1", kind.rawValue, namespace: namespace, name: verb == "create" ? "" : name, body: body)
            } catch {
                // Another server of the same cluster may have been faster, or the object was changed or deleted just now: the next start sees to it.
                if !["AlreadyExists", "Conflict", "NotFound"].contains(error.reason) { throw error }
            }
        }
        guard let existing = registry.object(group: RBACKind.group, resource: kind.rawValue, namespace: namespace, name: name) else {
            try await perform("create", desired)
            return
        }
        switch PolicyReconciliation.step(existing: existing, desired: desired) {
        case .keep:
            break
        case .update(let object):
            logger.info("default role or binding brought up to date", metadata: ["kind": "\(kind.rawValue)", "name": "\(name)"])
            try await perform("update", object)
        case .replace:
            logger.info("default binding made anew for another role", metadata: ["kind": "\(kind.rawValue)", "name": "\(name)"])
            try await perform("delete", [:])
            try await perform("create", desired)
        }
    }
}
