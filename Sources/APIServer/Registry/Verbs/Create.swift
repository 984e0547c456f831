import JSON
import NIOHTTP1
import Storage

extension Registry {
    /// The road of a new object.
    func create(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let options = try WriteOptions(request.query, kind: "CreateOptions")
        var answer = try answer(request, resource, responder)
        var decode = Decode()
        var object = try decode.object(request.body, contentType: request.headers.first(name: "Content-Type"), as: resource)
        try decode.enforce(options.fieldValidation, resource, warnings: &answer.warnings)
        try Identity.settle(&object, request.info, resource, creating: true)
        request.audit?.refers(to: object)
        if !object.text("metadata", "resourceVersion").isEmpty, object.text("metadata", "resourceVersion") != "0" {
            throw APIStatus(code: 500, reason: "", message: "resourceVersion should not be set on objects to be created")
        }
        resource.toStorage(&object)
        try createObject(object, request, resource, options, answer)
    }

    /// The rest of the road, from the decoded object in its stored version on.
    /// - Parameter ifThere: what to do instead when there is such an object by now. Given for applied objects, which already say who manages their
    ///   fields.
    func createObject(
        _ decoded: consuming JSONValue, _ request: APIRequest, _ resource: ServedResource, _ options: WriteOptions, _ answer: Answer,
        ifThere: (@Sendable () throws(APIStatus) -> Void)? = nil
    ) throws(APIStatus) {
        let context = context(request, dryRun: options.dryRun)
        let namesItself = decoded.text("metadata", "name").isEmpty
        let managers = decoded.at("metadata", "managedFields")
        // The only reference from here on, wherever it goes: otherwise every change of it would copy what is around the change.
        var object = consume decoded
        var answer = answer
        object.editOrMake("metadata") { metadata in
            MetadataRules.fillNew(&metadata, now: context.now)
            if metadata.text("name").isEmpty, !metadata.text("generateName").isEmpty {
                metadata["name"] = .string(UID.name(from: metadata.text("generateName")))
            }
        }
        if namesItself { request.audit?.names(object.text("metadata", "name")) }
        Default.apply(&object, resource)
        if ifThere != nil {
            object["metadata"]?["managedFields"] = managers
        } else {
            trackCreate(&object, sent: managers, request, resource, options, now: context.now)
        }
        var review = AdmissionReview(.create, request, resource, object: object, old: nil, context)
        object = .null
        try admission.mutate(&review)
        object = review.takeObject() ?? .null
        try PruneAndValidate.create(&object, resource, context)
        review.object = object
        let unjudged = review
        do throws(APIStatus) {
            try admission.validate(&review)
            answer.warnings += review.warnings + resource.strategy.warnings(review.object ?? .null, nil)
            let new = NewObject(
                object: object, namesItself: namesItself, resource, context, answer, audit: request.audit, settled: review.settled, ifThere: ifThere)
            if review.companions.isEmpty || context.dryRun { try writeNew(new) } else { writeInTurn(new, unjudged) }
        } catch {
            for settle in review.settled { settle() }
            throw error
        }
    }

    /// An object that is ready to be written.
    private struct NewObject: Sendable {
        var object: JSONValue
        /// Whether the server made up its name, and may make up another.
        let namesItself: Bool
        let resource: ServedResource
        let context: WriteContext
        let answer: Answer
        let audit: AuditTrail?
        /// Whom admission wants told when the write is through or has failed.
        var settled: [@Sendable () -> Void]
        let ifThere: (@Sendable () throws(APIStatus) -> Void)?
        var attempt = 0
        /// What is written together with it, and what to do when somebody else has changed that.
        var companions: [CompanionWrite] = []
        var judgeAgain: (@Sendable (_ newest: Int64) -> Void)?
        /// How often somebody else was faster.
        var lostRaces = 0

        init(
            object: JSONValue, namesItself: Bool, _ resource: ServedResource, _ context: WriteContext, _ answer: Answer, audit: AuditTrail?,
            settled: [@Sendable () -> Void], ifThere: (@Sendable () throws(APIStatus) -> Void)?
        ) {
            self.object = object
            self.namesItself = namesItself
            self.resource = resource
            self.context = context
            self.answer = answer
            self.audit = audit
            self.settled = settled
            self.ifThere = ifThere
        }

        func settle() {
            for settle in settled { settle() }
        }
    }

    private static let attemptsMax = 16

    /// Writes an object together with what it changes elsewhere, when those before it in the namespace are through.
    private func writeInTurn(_ new: NewObject, _ review: AdmissionReview) {
        quotaTurns.enter(review.namespace) { [self] in
            var new = new
            new.settled.append { [quotaTurns] in quotaTurns.leave(review.namespace) }
            judgeAndWrite(new, review, newest: 0)
        }
    }

    private func judgeAndWrite(_ new: NewObject, _ review: AdmissionReview, newest: Int64) {
        Task {
            do throws(APIStatus) {
                var next = new
                next.companions = try await judge(review, newest: newest)
                next.lostRaces += 1
                guard next.lostRaces <= Self.lostRacesMax else { throw new.resource.stale(new.object.text("metadata", "name")) }
                next.judgeAgain = { [self, next] in judgeAndWrite(next, review, newest: $0) }
                try writeNew(next)
            } catch {
                new.settle()
                new.answer.status(error)
            }
        }
    }

    /// Asks admission again, by a state that belongs together and is no older than the revision.
    private func judge(_ review: AdmissionReview, newest: Int64) async throws(APIStatus) -> [CompanionWrite] {
        let cache = review.resource.storage.cache
        var wanted = newest
        var hasCaughtUp = false
        while true {
            for cache in [cache, storage(group: "", resource: "resourcequotas")?.cache].compactMap({ $0 }) {
                do { try await cache.waitUntilFresh(wanted) } catch { throw .timeout("\(error)") }
            }
            let known = cache.revision
            var again = review
            do {
                try admission.validate(&again)
            } catch {
                // What others have deleted elsewhere may be all that it lacks.
                if hasCaughtUp { throw error }
                do { try await store.catchUp() } catch { throw .storeFailure(error) }
                hasCaughtUp = true
                continue
            }
            // The objects counted have to be at least those that were there when the quota was as it has been read.
            wanted = again.companions.map(\.revision).max() ?? 0
            if wanted <= known { return again.companions }
        }
    }

    private func writeNew(_ new: NewObject) throws(APIStatus) {
        let resource = new.resource
        let strategy = resource.strategy
        let name = new.object.text("metadata", "name")
        let key = resource.storage.key(namespace: new.object.text("metadata", "namespace"), name: name)
        if resource.storage.cache.entry(key: key) != nil {
            try renameOrFail(new)
            return
        }
        var object = new.object
        if let allocate = strategy.allocate { try allocate(&object, nil, new.context) }
        if new.context.dryRun {
            new.settle()
            new.answer.object(object, status: 201)
            return
        }
        var transaction = CompareAndWrite.create(object, key: key, strategy, now: new.context.now)
        for companion in new.companions { companion.join(&transaction) }
        let value = CompareAndWrite.value(of: transaction)
        store.commit(transaction) { [self] result in
            switch result {
            case .success(.committed(let revision)):
                new.settle()
                new.answer.written(value, revision: revision, status: 201)
            case .success(.conflict(let condition, let actual)):
                if let judgeAgain = new.judgeAgain, new.companions.contains(where: { $0.key == condition.key }) { return judgeAgain(actual) }
                // Off the store's thread: trying again is work.
                Task {
                    do throws(APIStatus) {
                        if new.ifThere != nil, condition.key == key, actual > 0 { try? await resource.storage.cache.waitUntilFresh(actual) }
                        if condition.key == key { try renameOrFail(new) } else { try chooseAgainOrFail(new, taken: condition.key) }
                    } catch {
                        new.settle()
                        new.answer.status(error)
                    }
                }
            case .failure(let error):
                new.settle()
                new.answer.status(.storeFailure(error))
            }
        }
    }

    /// The name is taken: another one is made up if the client left that to the server.
    private func renameOrFail(_ new: NewObject) throws(APIStatus) {
        if let ifThere = new.ifThere {
            try ifThere()
            new.settle()
            return
        }
        guard new.namesItself, new.attempt < 8 else { throw new.resource.alreadyExists(new.object.text("metadata", "name")) }
        var next = new
        next.attempt += 1
        let name = UID.name(from: new.object.text("metadata", "generateName"))
        next.object["metadata"]?["name"] = .string(name)
        new.audit?.names(name)
        try writeNew(next)
    }

    /// An address or port is taken: another one is picked unless the client asked for this one.
    private func chooseAgainOrFail(_ new: NewObject, taken key: String) throws(APIStatus) {
        let wished = new.resource.strategy.holds?(new.object, new.context.now) ?? []
        if let held = wished.first(where: { $0.key == key }) {
            throw new.resource.invalid(new.object.text("metadata", "name"), [held.taken])
        }
        guard new.attempt < Self.attemptsMax else { throw .internalError("failed to allocate: too many concurrent allocations") }
        var next = new
        next.attempt += 1
        try writeNew(next)
    }
}
