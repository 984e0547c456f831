import JSON
import KubernetesAPI
import KubernetesClient
import NIOCore
import NIOHTTP1
import Synchronization

extension Registry {
    /// Follows the changes of a resource: one line of JSON for each.
    func watch(_ request: APIRequest, _ resource: ServedResource, _ responder: any Responder) throws(APIStatus) {
        let query = try ListQuery(request.query, watch: true)
        let filter = try ObjectFilter(request.query, resource)
        let answer = try answer(request, resource, responder)
        let cache = resource.storage.cache
        // Who only wants what comes after a revision need not wait until it is there.
        if query.sendInitialEvents == true, let revision = query.revision, revision > cache.revision {
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
        let notReady = APIStatus.storageInitializing
        guard cache.isReady else { throw notReady }
        // With it the answer begins: what is refused from here on is an event, as upstream's server has it.
        let pump = WatchPump(answer: answer, timeoutSeconds: query.timeoutSeconds, clock: clock)
        do throws(WatchCacheError) {
            pump.start(try cache.watch(options) { [weak pump] in pump?.wake() })
        } catch {
            pump.refuse(error.isExpired ? .expired("\(error)") : notReady)
        }
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
/// Runs on the loop of the client's connection, where all that happens in one turn goes out together, or on a line of its own for a client inside
/// the process; never on the thread of the store's writer. At most one run is under way or due at a time.
private final class WatchPump: Sendable {
    private let answer: Answer
    private let writer: any StreamWriter
    private let state = Mutex(State())
    private let place: Place
    private let timeoutSeconds: Int64

    private enum Place {
        case loop(any EventLoop)
        case line(WorkLine, ServerClock)

        func run(_ work: @escaping @Sendable () -> Void) {
            switch self {
            case .loop(let loop): loop.execute(work)
            case .line(let line, _): line.run(work)
            }
        }

        func run(afterSeconds seconds: Int64, _ work: @escaping @Sendable () -> Void) {
            switch self {
            case .loop(let loop): loop.scheduleTask(in: .seconds(seconds), work)
            case .line(let line, let clock):
                Task {
                    // Nobody cancels it.
                    try? await clock.sleep(.seconds(seconds))
                    line.run(work)
                }
            }
        }
    }

    /// How many objects or events a watch may send before others have their turn.
    private static let framesPerRun = 512

    private struct State {
        var watcher: CacheWatcher?
        var isScheduled = false
        var isFinished = false
        var sentColumns = false
    }

    /// The time after which upstream ends a watch that names none: between one and two of it.
    private static let secondsMin: Int64 = 1800

    init(answer: Answer, timeoutSeconds: Int64?, clock: ServerClock) {
        var random = RandomSource.current
        self.answer = answer
        self.timeoutSeconds =
            timeoutSeconds.flatMap { $0 > 0 ? $0 : nil } ?? Int64.random(in: Self.secondsMin...(Self.secondsMin * 2), using: &random)
        let type = if case .table = answer.form { "application/json;as=Table;v=v1;g=meta.k8s.io" } else { answer.encoding.streamContentType }
        writer = answer.responder.stream(status: 200, headers: ["Content-Type": type])
        place = writer.eventLoop.map { .loop($0) } ?? .line(WorkLine(clock), clock)
    }

    func start(_ watcher: CacheWatcher) {
        state.withLock { $0.watcher = watcher }
        // The stream holds the pump; both go when the client does.
        writer.onClose { self.stop() }
        writer.onWritable { [weak self] in self?.wake() }
        place.run(afterSeconds: min(timeoutSeconds, 1 << 30)) { [weak self] in self?.timeIsUp() }
        wake()
    }

    /// Says that there is nothing to follow, and ends.
    func refuse(_ status: APIStatus) {
        writer.write(failure(status))
        writer.finish()
    }

    func wake() {
        let due = state.withLock { state in
            if state.isScheduled || state.isFinished { return false }
            state.isScheduled = true
            return true
        }
        if due { place.run { self.run() } }
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
        var sent = 0
        while writer.isWritable {
            if sent >= Self.framesPerRun {
                wake()
                return
            }
            let delivery = watcher.next()
            sent += delivery.frames.count
            send(delivery.frames)
            switch delivery.state {
            case .more:
                continue
            case .drained:
                return
            case .closed(let reason):
                let status = reason.isExpired ? APIStatus.expired("\(reason)") : .internalError("\(reason)")
                writer.write(failure(status))
                stop()
                writer.finish()
                return
            }
        }
    }

    /// One event goes out in the bytes that all watchers share; several are joined, which costs less than handing over each.
    private func send(_ frames: [WatchFrame]) {
        if frames.count > 1 {
            var joined = ByteBuffer()
            for frame in frames {
                if let shared = sharedLine(frame) { joined.writeImmutableBuffer(shared) } else { joined.writeBytes(line(frame)) }
            }
            writer.write(joined)
        } else if let frame = frames.first {
            if let shared = sharedLine(frame) { writer.write(shared) } else { writer.write(line(frame)) }
        }
    }

    /// The bytes that an event has for all its watchers, if this watcher is one of those who want them so.
    private func sharedLine(_ frame: WatchFrame) -> ByteBuffer? {
        guard case .change(let event, let type) = frame, answer.sendsStoredBytes else { return nil }
        return event.buffer(for: type)
    }

    /// An event in the form, version and encoding that the client asked for.
    private func line(_ frame: WatchFrame) -> [UInt8] {
        if answer.sendsStoredBytes { return frame.line() }
        do throws(APIStatus) {
            let resource = answer.resource
            guard let entry = frame.object else { return try event(frame.type, bookmark(frame)) }
            if case .metadata(let version) = answer.form, answer.encoding == .json(pretty: false), resource.conversion == nil,
                let bytes = PartialMetadata.bytes(of: entry, version: version)
            {
                return frame.type.line(object: bytes)
            }
            if case .object = answer.form, case .protobuf = answer.encoding {
                let message = try answer.message(of: entry)
                return answer.encoding.event(
                    frame.type, ProtobufDocument.enveloped(message, apiVersion: resource.type.apiVersion, kind: resource.type.kind))
            }
            let object = resource.fromStorage(entry.tree)
            switch answer.form {
            case .object: return try event(frame.type, object)
            case .metadata(let version): return try event(frame.type, PartialMetadata.object(object, version: version))
            case .table(let version):
                let headless = state.withLock { state in
                    defer { state.sentColumns = true }
                    return state.sentColumns
                }
                return try event(
                    frame.type, answer.tables.table([object], resource: resource, version: version, list: nil, headless: headless))
            }
        } catch {
            return failure(error)
        }
    }

    private func event(_ type: WatchEventType, _ object: JSONValue) throws(APIStatus) -> [UInt8] {
        answer.encoding.event(type, try answer.encoding.document(object))
    }

    /// The event that ends a watch which can't go on.
    private func failure(_ status: APIStatus) -> [UInt8] {
        let tree = (try? JSONValue(parsing: status.jsonBytes)) ?? .null
        return answer.encoding.event(.error, (try? answer.encoding.document(tree)) ?? status.jsonBytes)
    }

    private func bookmark(_ frame: WatchFrame) -> JSONValue {
        guard case .bookmark(let revision, let endsInitial, _) = frame else { return .null }
        var metadata: JSONValue = ["resourceVersion": .string("\(revision)")]
        if endsInitial { metadata["annotations"] = [WatchFrame.initialEventsEnd: "true"] }
        return switch answer.form {
        case .object: ["kind": .string(answer.resource.type.kind), "apiVersion": .string(answer.resource.type.apiVersion), "metadata": metadata]
        case .metadata(let version): ["kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata]
        case .table(let version):
            [
                "kind": "Table", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": ["resourceVersion": .string("\(revision)")],
                "columnDefinitions": nil, "rows": [],
            ]
        }
    }
}
