import GRPCCore

/// One watch of all keys from a revision on, at one member, until it breaks.
///
/// All keys, because then every revision shows: whoever has been told of the last one knows that nothing is missing. A watch of one prefix learns that
/// nothing happened there only from progress notifications, which etcd before 3.4.25 sends ahead of changes that they claim to be behind.
struct EtcdWatchStream: Sendable {
    enum Failure: Error {
        /// The start is compacted; history begins at `revision`.
        case compacted(Int64)
        /// The member ended the watch.
        case ended(String)
    }

    let messages: EtcdMessages

    /// - Parameters:
    ///   - revision: what was done up to here is known. It is asked for all the same, so that a compaction past it cannot go unnoticed.
    ///   - began: called when the member has taken the watch on.
    ///   - receive: called with changes, in order and whole revisions, and the revision that they go to.
    /// - Throws: `Failure`, or what gRPC does.
    func run(
        _ connection: EtcdClient.Connection, from revision: Int64, began: @escaping @Sendable () -> Void,
        receive: @escaping @Sendable ([StoreEvent], Int64) -> Void
    ) async throws {
        var request = EtcdWatchRequest()
        request.createRequest.key = EtcdMessages.zero
        request.createRequest.rangeEnd = EtcdMessages.zero
        request.createRequest.startRevision = max(revision, 1)
        request.createRequest.prevKv = true
        request.createRequest.fragment = true
        let create = request
        var options = CallOptions.defaults
        options.waitForReady = false
        options.maxResponseMessageBytes = EtcdClient.answerBytesMax
        let messages = messages
        try await EtcdWatch.Client(wrapping: connection).watch(metadata: EtcdClient.metadata, options: options) { writer in
            try await writer.write(create)
            // The stream is held open until the answers end.
            let (never, hold) = AsyncStream.makeStream(of: Never.self)
            for await _ in never {}
            hold.finish()
        } onResponse: { response in
            var parts = Parts()
            for try await answer in response.messages {
                if answer.compactRevision > 0 { throw Failure.compacted(answer.compactRevision) }
                if answer.canceled { throw Failure.ended(answer.cancelReason) }
                if answer.created { began() }
                let whole = parts.add(answer)
                guard let last = whole.last?.kv.modRevision else { continue }
                receive(whole.lazy.filter { $0.kv.modRevision > revision }.compactMap(messages.event), last)
            }
            throw Failure.ended("no reason given")
        }
    }

    /// Puts together what comes in parts: a revision is told when all of it is there.
    struct Parts {
        private var held: [EtcdEvent] = []

        mutating func add(_ answer: EtcdWatchResponse) -> [EtcdEvent] {
            var events = held + answer.events
            held = []
            if answer.fragment, let last = events.last?.kv.modRevision {
                let begun = events.firstIndex { $0.kv.modRevision == last } ?? events.endIndex
                held = Array(events[begun...])
                events.removeSubrange(begun...)
            }
            return events
        }
    }
}
