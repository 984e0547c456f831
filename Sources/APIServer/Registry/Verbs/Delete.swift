import JSON
import Storage

extension Registry {
    /// Deletes an object, at once or as far as finalizers and its grace period allow.
    func delete(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let options = try DeletionOptions(request)
        let answer = try answer(request, resource, responder)
        try delete(
            Deletion(
                name: request.info.name, namespace: request.info.namespace, request: request, resource: resource, options: options,
                answered: { outcome in
                    switch outcome {
                    case .failure(let status): answer.status(status)
                    case .success(let done):
                        let code = done.isGone || !options.waitsForDependents ? 200 : 202
                        if done.isGone, !resource.strategy.returnsDeleted {
                            answer.deleted(done.object)
                        } else {
                            answer.object(done.object, status: code)
                        }
                    }
                }))
    }

    struct Deletion: Sendable {
        struct Done: Sendable {
            /// The last state, in the stored version.
            let object: JSONValue
            /// Whether it has been removed, or still waits for something.
            let isGone: Bool
        }

        let name: String
        let namespace: String
        let request: APIRequest
        let resource: ServedResource
        let options: DeletionOptions
        let answered: @Sendable (Result<Done, APIStatus>) -> Void
        var attempt = 0
    }

    /// What a deletion makes of an object.
    private enum Verdict {
        case remove
        /// It stays for a while, changed like this.
        case keep(JSONValue)
        /// It is on its way already.
        case unchanged
    }

    func delete(_ deletion: Deletion) throws(APIStatus) {
        let resource = deletion.resource
        guard let entry = resource.storage.entry(namespace: deletion.namespace, name: deletion.name) else { throw resource.notFound(deletion.name) }
        let current = entry.tree
        try checkPreconditions(deletion, current)
        let context = context(deletion.request, dryRun: deletion.options.dryRun)
        var old = current
        old["metadata"]?["resourceVersion"] = nil
        var review = AdmissionReview(.delete, deletion.request, resource, object: nil, old: old, context)
        review.name = deletion.name
        try admission.mutate(&review)
        try admission.validate(&review)

        let verdict = verdict(old, resource.strategy, deletion.options)
        let transaction: Transaction
        let left: JSONValue
        switch verdict {
        case .unchanged:
            deletion.answered(.success(Deletion.Done(object: current, isGone: false)))
            return
        case .remove:
            left = old
            transaction = CompareAndWrite.delete(old, key: entry.key, revision: entry.resourceVersion, resource.strategy, now: context.now)
        case .keep(let object):
            left = object
            transaction = CompareAndWrite.update(
                object, old: old, key: entry.key, revision: entry.resourceVersion, resource.strategy, now: context.now)
        }
        let isGone = if case .remove = verdict { true } else { false }
        if context.dryRun {
            deletion.answered(.success(Deletion.Done(object: isGone ? current : left, isGone: isGone)))
            return
        }
        store.commit(transaction) { [self] result in
            switch result {
            case .success(.committed(let revision)):
                var object = left
                object["metadata"]?["resourceVersion"] = .string("\(revision)")
                deletion.answered(.success(Deletion.Done(object: object, isGone: isGone)))
            case .success(.conflict(_, let actual)):
                Task { await retry(deletion, actual: actual) }
            case .failure(let error):
                deletion.answered(.failure(.storeFailure(error)))
            }
        }
    }

    private func retry(_ deletion: Deletion, actual: Int64) async {
        guard deletion.attempt < 20 else {
            deletion.answered(.failure(deletion.resource.stale(deletion.name)))
            return
        }
        if actual > 0 { try? await deletion.resource.storage.cache.waitUntilFresh(actual) }
        var next = deletion
        next.attempt += 1
        do throws(APIStatus) {
            try delete(next)
        } catch {
            deletion.answered(.failure(error))
        }
    }

    private func checkPreconditions(_ deletion: Deletion, _ current: JSONValue) throws(APIStatus) {
        if let uid = deletion.options.uid, uid != current.text("metadata", "uid") {
            throw deletion.resource.conflict(
                deletion.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(current.text("metadata", "uid"))")
        }
        if let version = deletion.options.resourceVersion, version != current.text("metadata", "resourceVersion") {
            throw deletion.resource.conflict(
                deletion.name,
                "Precondition failed: ResourceVersion in precondition: \(version), ResourceVersion in object meta: \(current.text("metadata", "resourceVersion"))"
            )
        }
    }

    private func verdict(_ old: JSONValue, _ strategy: Strategy, _ options: DeletionOptions) -> Verdict {
        var object = old
        let finalizers = options.finalizers(of: old, orphansByDefault: strategy.orphansByDefault)
        object["metadata"]?["finalizers"] = finalizers.isEmpty ? nil : .array(finalizers)
        let deleting = old.at("metadata", "deletionTimestamp") != nil
        let grace = strategy.gracePeriod?(old, options.gracePeriodSeconds) ?? 0
        let left = old.at("metadata", "deletionGracePeriodSeconds")?.integerValue ?? 0

        if deleting {
            // The grace period can be made shorter, never longer.
            let shorter = options.gracePeriodSeconds != nil && strategy.gracePeriod != nil && grace < left
            if shorter {
                stamp(&object, grace: grace, requested: deletionTime(old, less: left - grace))
            } else if left > 0 {
                return object == old ? .unchanged : .keep(object)
            }
            if strategy.isReleased(object), !shorter || grace == 0 { return .remove }
            return object == old ? .unchanged : .keep(object)
        }
        if grace == 0, strategy.isReleased(object) { return .remove }
        stamp(&object, grace: grace, requested: clock.seconds() &+ grace)
        strategy.markDeleted(&object)
        if let generation = old.at("metadata", "generation")?.integerValue, generation > 0 {
            object["metadata"]?["generation"] = .integer(generation &+ 1)
        }
        return .keep(object)
    }

    private func stamp(_ object: inout JSONValue, grace: Int64, requested: Int64) {
        object["metadata"]?["deletionTimestamp"] = .string(ServerClock.text(requested))
        object["metadata"]?["deletionGracePeriodSeconds"] = .integer(grace)
    }

    private func deletionTime(_ old: JSONValue, less seconds: Int64) -> Int64 {
        (ServerClock.seconds(of: old.text("metadata", "deletionTimestamp")) ?? clock.seconds()) &- seconds
    }
}

extension DeletionOptions {
    /// Clients that ask to see dependents gone first are told that this will take a while.
    fileprivate var waitsForDependents: Bool { propagation == .foreground || orphanDependents == false }
}
