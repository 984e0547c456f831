import JSON
import NIOHTTP1

extension Registry {
    /// `pods/eviction`: a deletion that the pod's disruption budget must allow.
    func evict(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let answer = try answer(request, resource, responder)
        var decode = Decode()
        let eviction = try decode.document(request.body, contentType: request.headers.first(name: "Content-Type"))
        let name = request.info.name
        let named = eviction.text("metadata", "name")
        if !named.isEmpty, named != name { throw .badRequest("name in URL does not match name in Eviction object") }
        var options = try DeletionOptions(eviction["deleteOptions"] ?? [:])
        if try WriteOptions(request.query, kind: "CreateOptions").dryRun { options.dryRun = true }
        guard let entry = resource.storage.entry(namespace: request.info.namespace, name: name) else { throw resource.notFound(name) }
        let pod = entry.tree
        let chosen = options
        Task {
            do throws(APIStatus) {
                if Self.needsBudget(pod) { try await takeFromBudget(pod, request, chosen) }
                if !chosen.dryRun { await markDisrupted(pod, request, resource, answer) }
                try delete(
                    Deletion(name: name, namespace: request.info.namespace, request: request, resource: resource, options: chosen) { outcome in
                        switch outcome {
                        case .success: answer.success(nil, status: 201)
                        case .failure(let status): answer.status(status)
                        }
                    })
            } catch {
                answer.status(error)
            }
        }
    }

    /// Pods that do not run, and pods that are on their way out, disturb nobody when they go.
    private static func needsBudget(_ pod: JSONValue) -> Bool {
        let phase = pod.text("status", "phase")
        return !["Succeeded", "Failed", "Pending"].contains(phase) && pod.at("metadata", "deletionTimestamp") == nil
    }

    private static func isReady(_ pod: JSONValue) -> Bool {
        pod.list("status", "conditions").contains { $0.text("type") == "Ready" && $0.text("status") == "True" }
    }

    private func takeFromBudget(_ pod: JSONValue, _ request: APIRequest, _ options: DeletionOptions) async throws(APIStatus) {
        let namespace = request.info.namespace
        let name = request.info.name
        let budgets = objects(group: "policy", resource: "poddisruptionbudgets", namespace: namespace).filter {
            LabelSelectorTree.matches($0.at("spec", "selector"), labels: pod.at("metadata", "labels"))
        }
        guard let budget = budgets.first else { return }
        if budgets.count > 1 {
            throw APIStatus(
                code: 500, reason: "InternalError",
                message: "Internal error occurred: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
        }
        if !Self.isReady(pod) {
            let healthyEnough =
                budget.number("status", "currentHealthy") >= budget.number("status", "desiredHealthy")
                && budget.number("status", "desiredHealthy") > 0
            if budget.text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" || healthyEnough { return }
        }
        guard let resource = self.resource(group: "policy", version: "v1", plural: "poddisruptionbudgets") else { return }
        let budgetName = budget.text("metadata", "name")
        if budget.number("status", "observedGeneration") < budget.number("metadata", "generation") {
            throw .disruptionBudget(
                "Cannot evict pod as it would violate the pod's disruption budget.",
                cause: "The disruption budget \(budgetName) is still being processed by the server.", retryAfterSeconds: 10)
        }
        var inner = request
        inner.info = RequestInfo(
            isResourceRequest: true, verb: "update", apiPrefix: "apis", apiGroup: "policy", apiVersion: "v1", namespace: namespace,
            resource: "poddisruptionbudgets", subresource: "status", name: budgetName)
        let now = clock.timestamp
        var writeOptions = WriteOptions()
        writeOptions.dryRun = options.dryRun
        _ = try await changed(request: inner, resource: resource, options: writeOptions) { budget throws(APIStatus) in
            let allowed = budget.number("status", "disruptionsAllowed")
            if allowed <= 0 {
                throw .disruptionBudget(
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    cause:
                        "The disruption budget \(budgetName) needs \(budget.number("status", "desiredHealthy")) healthy pods and has \(budget.number("status", "currentHealthy")) currently"
                )
            }
            var budget = budget
            budget.setPath(["status", "disruptionsAllowed"], .integer(allowed - 1))
            budget.setPath(["status", "disruptedPods", name], .string(now))
            return budget
        }
    }

    private func markDisrupted(_ pod: JSONValue, _ request: APIRequest, _ resource: ServedResource, _ answer: Answer) async {
        let now = clock.timestamp
        // That the pod has changed or gone in between is for the deletion to find out.
        _ = try? await changed(request: request, resource: resource, options: WriteOptions()) { pod in
            var pod = pod
            PodConditions.set(
                &pod,
                [
                    "type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI",
                    "message": "Eviction API: evicting",
                ], now: now)
            return pod
        }
    }

    /// A change by the server itself, waited for.
    func changed(
        request: APIRequest, resource: ServedResource, options: WriteOptions,
        _ make: @escaping @Sendable (JSONValue) throws(APIStatus) -> JSONValue
    ) async throws(APIStatus) -> JSONValue {
        let outcome: Result<JSONValue, APIStatus> = await withCheckedContinuation { continuation in
            let responder = ContinuationResponder(continuation)
            let answer = Answer(
                responder: responder, resource: resource, form: .object, encoding: .json(pretty: false),
                tables: TableWriter(now: 0, query: QueryItems()))
            let change = Change(
                request: request, resource: resource, view: .inner(validates: false), options: options, answer: answer, retries: .always,
                completion: { responder.succeed($0) }, make: make)
            do throws(APIStatus) {
                try self.change(change)
            } catch {
                responder.respond(error)
            }
        }
        return try outcome.get()
    }
}
