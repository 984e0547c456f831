import JSON

extension Registry {
    /// Deletes all objects that the selectors leave, one after the other, and answers with the list of them.
    func deleteCollection(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let options = try DeletionOptions(request)
        let query = try ListQuery(request.query, watch: false)
        let filter = try ObjectFilter(request.query, resource)
        let answer = try answer(request, resource, responder)
        let lister = Lister(query: query, filter: filter, namespace: request.info.namespace, resource: resource)
        let page = lister.page(of: lister.newest(resource.storage.cache), cache: resource.storage.cache)
        Task {
            do throws(APIStatus) {
                for entry in page.entries { try await deleteOne(entry, request, resource, options) }
                answer.list(ListPage(entries: page.entries, revision: resource.storage.cache.revision))
            } catch {
                answer.status(error)
            }
        }
    }

    private func deleteOne(
        _ entry: WatchCacheEntry, _ request: APIRequest, _ resource: ServedResource, _ options: DeletionOptions
    ) async throws(APIStatus) {
        let outcome: Result<Deletion.Done, APIStatus> = await withCheckedContinuation { continuation in
            do throws(APIStatus) {
                try delete(
                    Deletion(
                        name: entry.name, namespace: entry.namespace ?? "", request: request, resource: resource, options: options,
                        answered: { continuation.resume(returning: $0) }))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        // Whoever else has deleted it did what was asked.
        if case .failure(let status) = outcome, status.reason != "NotFound" { throw status }
    }
}
