import JSON
import KubernetesAPI

extension Registry {
    /// Makes the flow schemas and priority levels that every cluster has, and puts the specs right of those that nobody keeps to themselves.
    func ensureFlowControlObjects() async throws(APIStatus) {
        let group = FlowControlObjects.group
        // All at once, so that they share a commit; levels are looked up only when requests come.
        try await inParallel(FlowControlObjects.all) { (object) throws(APIStatus) in
            guard var existing = self.object(group: group, resource: object.resource, namespace: "", name: object.name) else {
                let body: JSONValue = [
                    "metadata": ["name": .string(object.name), "annotations": [FlowControlObjects.autoUpdate: .string("true")]], "spec": object.spec,
                ]
                try await self.unlessOthersWere { () throws(APIStatus) in
                    _ = try await self.perform("create", group, "v1", object.resource, namespace: "", name: "", body: body)
                }
                return
            }
            let isOurs = object.isMandatory || existing.text("metadata", "annotations", FlowControlObjects.autoUpdate) == "true"
            // The shares of the exempt level may be set by anybody.
            guard isOurs, existing["spec"] != object.spec, object.name != "exempt" || object.resource == "flowschemas" else { return }
            existing["spec"] = object.spec
            let body = existing
            try await self.unlessOthersWere { () throws(APIStatus) in
                _ = try await self.perform("update", group, "v1", object.resource, namespace: "", name: object.name, body: body)
            }
        }
    }

    /// Notes in flow schemas whether the level is there that they refer to.
    func noteDanglingFlowSchemas() async throws(APIStatus) {
        let group = FlowControlObjects.group
        try await inParallel(objects(group: group, resource: "flowschemas", namespace: nil)) { (schema) throws(APIStatus) in
            let level = schema.text("spec", "priorityLevelConfiguration", "name")
            let isThere = self.object(group: group, resource: "prioritylevelconfigurations", namespace: "", name: level) != nil
            let status = isThere ? "False" : "True"
            let old = schema.list("status", "conditions")
            if old.contains(where: { $0.text("type") == "Dangling" && $0.text("status") == status }) { return }
            var changed = schema
            changed["status"] = [
                "conditions": .array(
                    old.filter { $0.text("type") != "Dangling" } + [
                        [
                            "type": "Dangling", "status": .string(status), "reason": isThere ? "Found" : "NotFound",
                            "lastTransitionTime": .string(self.clock.timestamp),
                            "message": .string(
                                "This FlowSchema references the PriorityLevelConfiguration object named \(goQuoted(level)) "
                                    + (isThere ? "and it exists" : "but there is no such object")),
                        ]
                    ])
            ]
            let body = changed
            try await self.unlessOthersWere { () throws(APIStatus) in
                _ = try await self.perform(
                    "update", group, "v1", "flowschemas", namespace: "", name: schema.text("metadata", "name"), subresource: "status", body: body)
            }
        }
    }

    /// Another server of the same cluster may have been faster; the next look sees what it did.
    private func unlessOthersWere(_ write: () async throws(APIStatus) -> Void) async throws(APIStatus) {
        do throws(APIStatus) {
            try await write()
        } catch {
            if !["AlreadyExists", "Conflict", "NotFound"].contains(error.reason) { throw error }
        }
    }

    private func inParallel<Element: Sendable>(
        _ elements: [Element], _ body: @escaping @Sendable (Element) async throws(APIStatus) -> Void
    ) async throws(APIStatus) {
        let failures = await withTaskGroup(of: APIStatus?.self) { group in
            for element in elements {
                group.addTask {
                    do throws(APIStatus) {
                        try await body(element)
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
