package import KubernetesAPI

/// A watch that the server has accepted: batches of events, one for each chunk that came.
///
/// Reading throws `APIStatusError` for an ERROR event, and nothing when the server ends the watch, which it does every few minutes.
struct WatchBatches<T: KubernetesResource>: AsyncSequence {
    typealias Element = [WatchEvent<T>]

    let body: AsyncThrowingStream<[UInt8], any Error>

    struct AsyncIterator: AsyncIteratorProtocol {
        var chunks: AsyncThrowingStream<[UInt8], any Error>.Iterator
        var decoder = WatchDecoder<T>()
        var failure: (any Error)?

        mutating func next() async throws -> [WatchEvent<T>]? { try await next(isolation: nil) }

        mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> [WatchEvent<T>]? {
            if let failure { throw failure }
            while let chunk = try await chunks.next(isolation: actor) {
                do {
                    let events = try decoder.feed(chunk)
                    if !events.isEmpty { return events }
                } catch {
                    if error.events.isEmpty { throw error.cause }
                    failure = error.cause
                    return error.events
                }
            }
            return nil
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunks: body.makeAsyncIterator()) }
}

extension Client {
    /// How long past the watch's own time limit silence is still believed, in seconds.
    static let watchIdleMarginSeconds: Int64 = 5

    /// Opens a watch. Throws when the server refuses; reading the result throws what happens later.
    func openWatch<T: KubernetesResource>(
        _ type: T.Type, namespace: String?, _ options: ListOptions
    ) async throws -> WatchBatches<T> {
        let path = T.resource.path(namespace: namespace, name: nil, subresource: nil)
        // The server ends a watch by itself; a little later than that it must be the connection that died.
        let request = HTTPRequestData(
            path: options.path(path, watch: true), headers: [("Accept", "application/json"), ("User-Agent", userAgent)],
            idleTimeout: options.timeoutSeconds.map { .seconds($0 + Self.watchIdleMarginSeconds) })
        let (status, headers, body) = try await transport.stream(request)
        if status >= 400 {
            var bytes: [UInt8] = []
            for try await chunk in body where bytes.count < 1 << 20 { bytes.append(contentsOf: chunk) }
            throw APIStatusError(response: HTTPResponseData(status: status, headers: headers, body: bytes), request: request)
        }
        return WatchBatches<T>(body: body)
    }

    /// The changes after `options.resourceVersion`, in order. Ends when the server ends the watch; throws `APIStatusError` when the
    /// server refuses it or sends an ERROR event. Cancelling the reading task, or dropping the stream, ends the watch.
    package func watch<T: KubernetesResource>(
        _ type: T.Type, namespace: String? = nil, _ options: ListOptions
    ) -> AsyncThrowingStream<WatchEvent<T>, any Error> {
        let reader = WatchReader<T> { [self] in try await openWatch(type, namespace: namespace, options) }
        return AsyncThrowingStream { try await reader.next() }
    }
}

/// Hands out the events of a watch one by one; opens it when first asked.
private actor WatchReader<T: KubernetesResource> {
    private let open: @Sendable () async throws -> WatchBatches<T>
    private var iterator: WatchBatches<T>.AsyncIterator?
    private var ready: ArraySlice<WatchEvent<T>> = []

    init(open: @escaping @Sendable () async throws -> WatchBatches<T>) {
        self.open = open
    }

    func next() async throws -> WatchEvent<T>? {
        if let event = ready.popFirst() { return event }
        // Taken out while it is awaited: one task reads a stream, so nobody asks in between.
        var iterator: WatchBatches<T>.AsyncIterator
        if let opened = self.iterator { iterator = opened } else { iterator = try await open().makeAsyncIterator() }
        self.iterator = nil
        let batch = try await iterator.next(isolation: self)
        self.iterator = iterator
        guard let batch else { return nil }
        ready = batch[...]
        return ready.popFirst()
    }
}
