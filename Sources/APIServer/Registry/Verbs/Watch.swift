import Dispatch
import JSON
import KubernetesAPI
import NIOHTTP1
import Synchronization

extension Registry {
    /// Follows the changes of a resource: one line of JSON for each.
    func watch(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let query = try ListQuery(request.query, watch: true)
        let filter = try ObjectFilter(request.query, resource)
        let answer = try answer(request, resource, responder)
        let cache = resource.storage.cache
        if let revision = query.revision, revision > cache.revision {
            waitFor(revision, resource, responder) { () throws(APIStatus) in try self.watch(request, resource, responder) }
            return
        }
        let info = request.info
        let namespaced = resource.type.namespaced && !info.namespace.isEmpty
        var options = WatchOptions(
            start: start(query), namespace: namespaced ? info.namespace : nil, name: filter.name, indexKey: filter.indexKey(cache),
            selector: filter.predicate, allowBookmarks: query.allowBookmarks,
            bookmarkAfterInitial: query.sendInitialEvents == true)
        if resource.type.namespaced, !namespaced { options.name = nil }
        let pump = WatchPump(answer: answer, timeoutSeconds: query.timeoutSeconds)
        let watcher: CacheWatcher
        do throws(WatchCacheError) {
            watcher = try cache.watch(options) { [weak pump] in pump?.wake() }
        } catch {
            if error.isExpired { throw .expired("\(error)") }
            throw .tooManyRequests("storage is (re)initializing", retryAfterSeconds: 1)
        }
        pump.start(watcher)
    }

    private func start(_ query: ListQuery) -> WatchOptions.Start {
        switch (query.sendInitialEvents, query.revision ?? 0) {
        case (true?, _): .existing
        case (false?, 0): .now
        case (nil, 0): .existing
        case (_, let revision): .after(revision)
        }
    }
}

/// Carries the events of one watch from the cache to the connection, as fast as the client takes them.
///
/// Runs on a queue of its own, so that neither the store's writer nor an event loop waits for it; at most one run is under way or due at a time.
private final class WatchPump: Sendable {
    private let answer: Answer
    private let writer: any StreamWriter
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "watch", target: .global(qos: .userInitiated))
    private let timeoutSeconds: Int64

    private struct State {
        var watcher: CacheWatcher?
        var isScheduled = false
        var isFinished = false
        var sentColumns = false
    }

    /// The time after which upstream ends a watch that names none: between one and two of it.
    private static let secondsMin: Int64 = 1800

    init(answer: Answer, timeoutSeconds: Int64?) {
        self.answer = answer
        self.timeoutSeconds = timeoutSeconds.map { $0 > 0 ? $0 : 0 } ?? Int64.random(in: Self.secondsMin...(Self.secondsMin * 2))
        let type = if case .table = answer.form { "application/json;as=Table;v=v1;g=meta.k8s.io" } else { "application/json" }
        writer = answer.responder.stream(status: 200, headers: ["Content-Type": type])
    }

    func start(_ watcher: CacheWatcher) {
        state.withLock { $0.watcher = watcher }
        // The stream holds the pump; both go when the client does.
        writer.onClose { self.stop() }
        writer.onWritable { [weak self] in self?.wake() }
        if timeoutSeconds > 0 {
            queue.asyncAfter(deadline: .now() + .seconds(Int(min(timeoutSeconds, 1 << 30)))) { [weak self] in self?.timeIsUp() }
        }
        wake()
    }

    func wake() {
        let due = state.withLock { state in
            if state.isScheduled || state.isFinished { return false }
            state.isScheduled = true
            return true
        }
        if due { queue.async { self.run() } }
    }

    private func stop() {
        let watcher = state.withLock { state in
            state.isFinished = true
            let watcher = state.watcher
            state.watcher = nil
            return watcher
        }
        watcher?.cancel()
    }

    private func timeIsUp() {
        state.withLock { $0.watcher }?.requestBookmark()
        run()
        stop()
        writer.finish()
    }

    private func run() {
        let watcher = state.withLock { state in
            state.isScheduled = false
            return state.watcher
        }
        guard let watcher else { return }
        while writer.isWritable {
            let delivery = watcher.next()
            send(delivery.frames)
            switch delivery.state {
            case .more:
                continue
            case .drained:
                return
            case .closed(let reason):
                let status = reason.isExpired ? APIStatus.expired("\(reason)") : .internalError("\(reason)")
                writer.write(WatchEventType.error.line(object: status.jsonBytes))
                stop()
                writer.finish()
                return
            }
        }
    }

    /// One event goes out in the bytes that all watchers share; several are joined, which costs less than handing over each.
    private func send(_ frames: [WatchFrame]) {
        if frames.count > 1 {
            var joined: [UInt8] = []
            for frame in frames { joined += line(frame) }
            writer.write(joined)
        } else if let frame = frames.first {
            writer.write(line(frame))
        }
    }

    /// An event in the form and version that the client asked for.
    private func line(_ frame: WatchFrame) -> [UInt8] {
        let resource = answer.resource
        if case .object = answer.form, resource.conversion == nil { return frame.line() }
        guard let entry = frame.object else { return bookmark(frame) }
        let object = resource.fromStorage(entry.tree)
        switch answer.form {
        case .object: return frame.type.line(object: object.serialized())
        case .metadata(let version): return frame.type.line(object: PartialMetadata.object(object, version: version).serialized())
        case .table(let version):
            let headless = state.withLock { state in
                defer { state.sentColumns = true }
                return state.sentColumns
            }
            let table = answer.tables.table([object], resource: resource, version: version, list: nil, headless: headless)
            return frame.type.line(object: table.serialized())
        }
    }

    private func bookmark(_ frame: WatchFrame) -> [UInt8] {
        guard case .bookmark(let revision, let endsInitial, _) = frame else { return [] }
        var metadata: JSONValue = ["resourceVersion": .string("\(revision)")]
        if endsInitial { metadata["annotations"] = [WatchFrame.initialEventsEnd: "true"] }
        let object: JSONValue =
            switch answer.form {
            case .object: ["kind": .string(answer.resource.type.kind), "apiVersion": .string(answer.resource.type.apiVersion), "metadata": metadata]
            case .metadata(let version): ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata]
            case .table(let version):
                [
                    "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": ["resourceVersion": .string("\(revision)")],
                    "columnDefinitions": nil, "rows": [],
                ]
            }
        return frame.type.line(object: object.serialized())
    }
}
