import JSON
import NIOHTTP1
import Storage

extension Registry {
    /// PUT: the object as the client wants it.
    func update(_ request: APIRequest, _ resource: ServedResource, view: UpdateView, _ responder: any Responder) throws(APIStatus) {
        let options = try WriteOptions(request.query, kind: "UpdateOptions")
        var answer = try answer(request, resource, responder)
        var decode = Decode()
        var object = try decode.object(request.body, contentType: request.headers.first(name: "Content-Type"), as: resource)
        try decode.enforce(options.fieldValidation, resource, warnings: &answer.warnings)
        try Identity.settle(&object, request.info, resource, creating: false)
        resource.toStorage(&object)
        let wanted = object
        let missing: Change.Missing
        if case .object = view, resource.strategy.createOnUpdate { missing = .create(wanted) } else { missing = .fail }
        try change(
            Change(request: request, resource: resource, view: view, options: options, answer: answer, retries: .unlessVersioned, missing: missing) {
                _ in wanted
            })
    }

    /// A change of an object that exists, whatever the verb: PUT, PATCH, a subresource, a step of a deletion.
    struct Change: Sendable {
        enum Retries: Sendable {
            /// A conflict is the client's business if the client named a version, else the change is made again on the newer state.
            case unlessVersioned
            /// The change says how, not to what: it is made again on the newer state.
            case always
        }

        enum Missing: Sendable {
            case fail
            /// The object to create instead.
            case create(JSONValue)
            /// The applied object to create instead, which says who manages its fields.
            case apply(@Sendable () throws(APIStatus) -> JSONValue)
        }

        /// Who says which manager has which fields of the changed object.
        enum Managers: Sendable {
            /// The registry: what has changed is the client's.
            case tracked
            /// `make`. Steps that the server takes by itself leave everything as it was.
            case made
        }

        let request: APIRequest
        let resource: ServedResource
        let view: UpdateView
        let options: WriteOptions
        var answer: Answer
        let retries: Retries
        let missing: Missing
        let managers: Managers
        /// What is answered instead of the object, when it has been written.
        var completion: (@Sendable (JSONValue) -> Void)?
        /// The name, where it is not the request's.
        var name: String { request.info.name }
        /// The new object from the current one, both in the stored version, `resourceVersion` included. May be asked again.
        let make: @Sendable (JSONValue) throws(APIStatus) -> JSONValue
        var attempt = 0

        init(
            request: APIRequest, resource: ServedResource, view: UpdateView, options: WriteOptions, answer: Answer, retries: Retries,
            missing: Missing = .fail, managers: Managers = .tracked, completion: (@Sendable (JSONValue) -> Void)? = nil,
            make: @escaping @Sendable (JSONValue) throws(APIStatus) -> JSONValue
        ) {
            self.request = request
            self.resource = resource
            self.view = view
            self.options = options
            self.answer = answer
            self.retries = retries
            self.missing = missing
            if case .inner = view { self.managers = .made } else { self.managers = managers }
            self.completion = completion
            self.make = make
        }
    }

    /// How often a change is made again because another object took what it wants to hold.
    static let conflictsMax = 5
    /// How often a change is made again because somebody else was faster. Each time means that another write got through, so this bounds one client's
    /// bad luck and not the work.
    static let lostRacesMax = 1000

    /// Runs the road of a change: from the current state in memory to a write on condition that it is still the current one.
    func change(_ change: Change) throws(APIStatus) {
        let resource = change.resource
        let storage = resource.storage
        let info = change.request.info
        guard let entry = storage.entry(namespace: info.namespace, name: change.name) else {
            let object: JSONValue
            var ifThere: (@Sendable () throws(APIStatus) -> Void)?
            switch change.missing {
            case .fail: throw resource.notFound(change.name)
            case .create(let wanted): object = wanted
            case .apply(let make):
                object = try make()
                var next = change
                next.attempt += 1
                let again = next
                ifThere = { [self] () throws(APIStatus) in
                    if again.attempt > Self.conflictsMax { throw resource.alreadyExists(again.name) }
                    try self.change(again)
                }
            }
            try mayCreate?(change.request)
            // An update with a version means an object that was there.
            if let version = object.at("metadata", "resourceVersion")?.stringValue, !version.isEmpty, version != "0" {
                throw resource.stale(change.name)
            }
            try createObject(object, change.request, resource, change.options, change.answer, ifThere: ifThere)
            return
        }
        let current = entry.tree
        var object = try change.make(current)
        let versioned = try checkVersion(&object, current: current, change)
        var old = current
        old["metadata"]?["resourceVersion"] = nil

        let context = context(change.request, dryRun: change.options.dryRun)
        object.editOrMake("metadata") { MetadataRules.keep(&$0, from: old["metadata"] ?? [:]) }
        if change.view.needsDefaults(resource.strategy) { Default.apply(&object, resource) }
        if case .tracked = change.managers { track(&object, old: old, change, now: context.now) }
        var review = AdmissionReview(.update, change.request, resource, object: object, old: old, context)
        object = .null
        try admission.mutate(&review)
        object = review.takeObject() ?? .null
        try PruneAndValidate.update(&object, old: old, view: change.view, resource, context)
        review.object = object
        try admission.validate(&review)
        var answer = change.answer
        answer.warnings += review.warnings
        if let allocate = resource.strategy.allocate, case .object = change.view { try allocate(&object, old, context) }

        if isReleased(object, old: old, resource.strategy) {
            remove(object, old: old, entry, change, answer, versioned: versioned, context)
            return
        }
        if isSame(object, old) {
            if let completion = change.completion { completion(current) } else { answer.entry(entry, status: 200) }
            return
        }
        if context.dryRun {
            object["metadata"]?["resourceVersion"] = current.at("metadata", "resourceVersion")
            if let completion = change.completion { completion(object) } else { answer.object(object, status: 200) }
            return
        }
        let written = object
        let transaction = CompareAndWrite.update(
            object, old: old, key: entry.key, revision: entry.resourceVersion, resource.strategy, now: context.now)
        let value = CompareAndWrite.value(of: transaction)
        commit(transaction, entry, change, versioned: versioned, object: written) { [answer] revision in
            if let completion = change.completion {
                var object = written
                object["metadata"]?["resourceVersion"] = .string("\(revision)")
                completion(object)
            } else {
                answer.written(value, revision: revision, status: 200)
            }
        }
    }

    /// Writes down whose the fields are now.
    private func track(_ object: inout JSONValue, old: JSONValue, _ change: Change, now: String) {
        let resource = change.resource
        guard let manager = fieldManager(change.request, resource, change.options, subresource: change.request.info.subresource, now: now) else {
            object["metadata"]?["managedFields"] = old.at("metadata", "managedFields")
            return
        }
        let list = manager.updated(resource.fromStorage(object), live: resource.fromStorage(old))
        object["metadata"]?["managedFields"] = list
    }

    /// Whether nothing has changed. That somebody wanted to change something, and when, is no change.
    private func isSame(_ object: JSONValue, _ old: JSONValue) -> Bool {
        guard let now = object.at("metadata", "managedFields"), let before = old.at("metadata", "managedFields") else { return object == old }
        guard now.equalsButForTimes(before) else { return false }
        var same = object
        same["metadata"]?["managedFields"] = before
        return same == old
    }

    /// Compares the version and uid that the client named with the current ones.
    /// - Returns: whether the client named a version.
    private func checkVersion(_ object: inout JSONValue, current: JSONValue, _ change: Change) throws(APIStatus) -> Bool {
        let resource = change.resource
        let uid = object.text("metadata", "uid")
        if !uid.isEmpty, uid != current.text("metadata", "uid") {
            throw resource.conflict(
                change.name, "Precondition failed: UID in precondition: \(uid), UID in object meta: \(current.text("metadata", "uid"))")
        }
        let version = object.text("metadata", "resourceVersion")
        object["metadata"]?["resourceVersion"] = nil
        if version.isEmpty || version == "0" {
            guard resource.strategy.unconditionalUpdate else {
                throw resource.invalid(
                    change.name,
                    [FieldError(.invalid, FieldPath("metadata.resourceVersion"), value: 0, "must be specified for an update")])
            }
            return false
        }
        guard Int64(version) != nil else {
            throw resource.invalid(
                change.name, [FieldError(.invalid, FieldPath("metadata.resourceVersion"), value: .string(version), "must be an unsigned integer")])
        }
        if version != current.text("metadata", "resourceVersion") { throw resource.stale(change.name) }
        return true
    }

    /// Writes; on conflict the change is made again where that is right.
    private func commit(
        _ transaction: Transaction, _ entry: WatchCacheEntry, _ change: Change, versioned: Bool, object: JSONValue,
        _ done: @escaping @Sendable (Int64) -> Void
    ) {
        store.commit(transaction) { [self] result in
            switch result {
            case .success(.committed(let revision)):
                done(revision)
            case .success(.conflict(let condition, let actual)):
                Task { await retry(change, entry, condition, actual: actual, versioned: versioned, object: object) }
            case .failure(let error):
                change.answer.status(.storeFailure(error))
            }
        }
    }

    private func retry(
        _ change: Change, _ entry: WatchCacheEntry, _ condition: Transaction.Condition, actual: Int64, versioned: Bool, object: JSONValue
    ) async {
        do throws(APIStatus) {
            let resource = change.resource
            if condition.key != entry.key {
                // Another object has taken an address or a port in between.
                let held = resource.strategy.holds?(object, clock.timestamp).first { $0.key == condition.key }
                if change.attempt >= Self.conflictsMax, let held { throw resource.invalid(change.name, [held.taken]) }
            } else {
                if (versioned && change.retries == .unlessVersioned) || change.attempt >= Self.lostRacesMax {
                    if actual == 0, case .fail = change.missing { throw resource.notFound(change.name) }
                    throw resource.stale(change.name)
                }
                if actual > 0 { try? await resource.storage.cache.waitUntilFresh(actual) }
            }
            var next = change
            next.attempt += 1
            try self.change(next)
        } catch {
            change.answer.status(error)
        }
    }

    /// An object that is being deleted goes when the last one who held it back lets go.
    private func isReleased(_ object: JSONValue, old: JSONValue, _ strategy: Strategy) -> Bool {
        guard old.at("metadata", "deletionTimestamp") != nil, strategy.isReleased(object), !strategy.isReleased(old) else { return false }
        return old.number("metadata", "deletionGracePeriodSeconds") == 0
    }

    private func remove(
        _ object: JSONValue, old: JSONValue, _ entry: WatchCacheEntry, _ change: Change, _ answer: Answer, versioned: Bool, _ context: WriteContext
    ) {
        if context.dryRun {
            answer.object(object, status: 200)
            return
        }
        let transaction = CompareAndWrite.delete(old, key: entry.key, revision: entry.resourceVersion, change.resource.strategy, now: context.now)
        commit(transaction, entry, change, versioned: versioned, object: object) { revision in
            var gone = object
            gone["metadata"]?["resourceVersion"] = .string("\(revision)")
            if let completion = change.completion { completion(gone) } else { answer.object(gone, status: 200) }
        }
    }
}
