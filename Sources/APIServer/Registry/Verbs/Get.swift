extension Registry {
    /// One object, from memory. The bytes go out as they are kept.
    func get(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let info = request.info
        let answer = try answer(request, resource, responder)
        if let wanted = try ListQuery.revision(request.query["resourceVersion"] ?? ""), wanted > resource.storage.cache.revision {
            waitFor(wanted, resource, responder) { () throws(APIStatus) in try self.get(request, resource, responder) }
            return
        }
        guard let entry = resource.storage.entry(namespace: info.namespace, name: info.name) else { throw resource.notFound(info.name) }
        answer.entry(entry, status: 200)
    }

    /// Runs a read again when the cache has come to a revision that a client knows of; a server that answers for others may be behind them.
    func waitFor(_ revision: Int64, _ resource: ServedResource, _ responder: any Responder, _ read: @escaping @Sendable () throws(APIStatus) -> Void)
    {
        Task {
            do {
                try await resource.storage.cache.waitUntilFresh(revision)
            } catch {
                responder.respond(APIStatus.tooLargeResourceVersion(revision, current: resource.storage.cache.revision))
                return
            }
            do throws(APIStatus) {
                try read()
            } catch {
                responder.respond(error)
            }
        }
    }
}
