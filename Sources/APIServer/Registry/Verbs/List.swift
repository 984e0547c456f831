import JSON
import KubernetesAPI
import NIOCore
import NIOHTTP1
import Storage

extension Registry {
    /// All objects of a resource, or a part of them, from memory.
    func list(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let query = try ListQuery(request.query, watch: false)
        let filter = try ObjectFilter(request.query, resource)
        let answer = try answer(request, resource, responder)
        let lister = Lister(query: query, filter: filter, namespace: request.info.namespace, resource: resource)
        let cache = resource.storage.cache
        if let token = query.token, token.revision > 0 {
            try listAt(token.revision, lister, answer, continued: true)
            return
        }
        if let revision = query.revision {
            if revision > cache.revision {
                waitFor(revision, resource, responder) { () throws(APIStatus) in try self.list(request, resource, responder) }
                return
            }
            let exact = query.match == .exact || (query.match == nil && query.limit > 0 && revision > 0)
            if exact {
                try listAt(revision, lister, answer, continued: false)
                return
            }
        }
        answer.list(lister.page(of: lister.newest(cache), cache: cache), namespaceForTables: request.info.namespace)
    }

    private func listAt(_ revision: Int64, _ lister: Lister, _ answer: Answer, continued: Bool) throws(APIStatus) {
        let cache = lister.resource.storage.cache
        if let snapshot = cache.snapshot(at: revision) {
            answer.list(lister.page(of: snapshot, cache: cache))
            return
        }
        Task {
            do throws(WatchCacheError) {
                let snapshot = try await cache.snapshotFromStore(at: revision)
                cache.keep(snapshot)
                answer.list(lister.page(of: snapshot, cache: cache))
            } catch {
                if error.isExpired {
                    answer.expired(continued ? lister.inconsistentToken : nil)
                } else if case .store(let cause) = error, case .futureRevision(let requested, let current) = cause {
                    answer.status(.tooLargeResourceVersion(requested, current: current))
                } else {
                    answer.status(.internalError("\(error)"))
                }
            }
        }
    }
}

/// One part of a list: the objects, and where the next part begins.
struct ListPage {
    var entries: [WatchCacheEntry] = []
    var revision: Int64
    var token: ContinueToken?
    /// How many more there are; nil when only going through them would tell.
    var remaining: Int?
}

/// Walks a snapshot as a list request asks.
struct Lister: Sendable {
    let query: ListQuery
    let filter: ObjectFilter
    /// Empty: all.
    let namespace: String
    let resource: ServedResource

    /// The snapshot to list from; the smallest that has all that can match.
    func newest(_ cache: WatchCache) -> WatchCacheSnapshot {
        if query.limit == 0, let key = filter.indexKey(cache), let narrow = cache.snapshot(index: key) { return narrow }
        return cache.snapshot()
    }

    func page(of snapshot: WatchCacheSnapshot, cache: WatchCache) -> ListPage {
        let scoped: String? = resource.type.namespaced && !namespace.isEmpty ? namespace : nil
        let prefix = snapshot.scope.prefix
        var page = ListPage(revision: query.token?.revision ?? 0 > 0 ? query.token?.revision ?? snapshot.revision : snapshot.revision)
        if let name = filter.name, scoped != nil || !resource.type.namespaced {
            // A list of one: no need to walk.
            if let entry = snapshot.entry(namespace: scoped, name: name), filter.matches(entry) { page.entries = [entry] }
            return page
        }
        var sequence = snapshot.sequence(namespace: scoped, after: query.token.map { prefix + $0.after })
        let everything = filter.isEmpty
        if everything, query.limit == 0, query.token == nil {
            page.entries = snapshot.array(namespace: scoped)
            return page
        }
        while let entry = sequence.next() {
            guard everything || filter.matches(entry) else { continue }
            if query.limit > 0, page.entries.count == query.limit {
                // There is at least one more.
                guard let last = page.entries.last else { break }
                page.token = ContinueToken(revision: page.revision, after: String(last.key.dropFirst(prefix.count)))
                if everything { page.remaining = snapshot.count(namespace: scoped, after: last.key) }
                cache.keep(snapshot)
                break
            }
            page.entries.append(entry)
        }
        return page
    }

    /// The token with which an expired list goes on at the newest revision.
    var inconsistentToken: ContinueToken? {
        query.token.map { ContinueToken(revision: -1, after: $0.after) }
    }
}

extension Answer {
    func list(_ page: ListPage, namespaceForTables: String = "") {
        var metadata: JSONValue = ["resourceVersion": .string("\(page.revision)")]
        if let token = page.token { metadata["continue"] = .string(token.text) }
        if let remaining = page.remaining { metadata["remainingItemCount"] = .integer(Int64(remaining)) }
        switch (form, encoding) {
        case (.object, .json(pretty: false)): sendList(page, metadata)
        case (.object, .protobuf): sendMessages(page, metadata)
        case (.object, _):
            let objects = page.entries.map { ListItems.item(resource.fromStorage($0.tree)) }
            document(
                [
                    "kind": .string("\(resource.type.kind)List"), "apiVersion": .string(resource.type.apiVersion), "metadata": metadata,
                    "items": .array(objects),
                ], 200)
        case (.table(let version), _):
            let objects = page.entries.map { resource.fromStorage($0.tree) }
            document(tables.table(objects, resource: resource, version: version, list: metadata), 200)
        case (.metadata(let version), _):
            let objects = page.entries.map { PartialMetadata.object(resource.fromStorage($0.tree), version: version) }
            document(PartialMetadata.list(objects, metadata, version: version), 200)
        }
    }

    /// The kept message of each object behind the list's metadata.
    private func sendMessages(_ page: ListPage, _ metadata: JSONValue) {
        do throws(APIStatus) {
            var messages: [[UInt8]] = []
            messages.reserveCapacity(page.entries.count)
            for entry in page.entries { messages.append(try message(of: entry)) }
            let list: [UInt8]
            do throws(ProtobufError) {
                list = try ProtobufDocument.list(metadata: metadata, items: messages)
            } catch {
                throw .internalError("the list can't be written as protobuf: \(error)")
            }
            send(ProtobufDocument.enveloped(list, apiVersion: resource.type.apiVersion, kind: resource.type.kind + "List"), 200)
        } catch {
            status(error)
        }
    }

    /// Header, the kept bytes of each object but for its kind, trailer.
    private func sendList(_ page: ListPage, _ metadata: JSONValue) {
        let head = "{\"kind\":\"\(resource.type.kind)List\",\"apiVersion\":\"\(resource.type.apiVersion)\",\"metadata\":"
        // Guessed from one object: going through all of them twice costs more than growing does.
        let size = (page.entries.first?.bytes.count ?? 0) + 16
        var buffer = ByteBufferAllocator().buffer(capacity: head.utf8.count + 256 + min(page.entries.count * size, 1 << 30))
        buffer.writeString(head)
        buffer.writeBytes(metadata.serialized())
        buffer.writeString(",\"items\":[")
        let items = ListItems(resource.type)
        var first = true
        for entry in page.entries {
            if !first { buffer.writeInteger(UInt8(ascii: ",")) }
            first = false
            items.write(resource.bytes(of: entry), to: &buffer)
        }
        buffer.writeString("]}\n")
        responder.respond(status: 200, headers: headers("application/json"), body: buffer)
    }

    /// A list can't go on where it was: the client may go on at the newest revision with the token given here.
    func expired(_ token: ContinueToken?) {
        guard let token else {
            status(.expired("The resourceVersion for the provided list is too old."))
            return
        }
        let status = APIStatus.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list."
        )
        guard var tree = try? JSONValue(parsing: status.jsonBytes) else { return self.status(status) }
        tree["metadata"] = ["continue": .string(token.text)]
        document(tree, 410)
    }
}
