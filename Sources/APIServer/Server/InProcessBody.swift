import NIOCore
import Synchronization

/// The body of an answer inside the process: written by a handler on any thread, read by one task.
final class InProcessBody: StreamWriter {
    fileprivate struct State {
        var chunks: [[UInt8]] = []
        var bytes = 0
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        var isFinished = false
        /// The reader has gone.
        var isAbandoned = false
        var isAboveHigh = false
        var hasClosed = false
        var closeActions: [@Sendable () -> Void] = []
        var writableActions: [@Sendable () -> Void] = []
        var abandonAction: (@Sendable () -> Void)?
    }

    /// Lets the handler know when nobody reads any more: by cancellation of the reading task or because the stream was dropped.
    final class Reader: Sendable {
        private let body: InProcessBody

        init(_ body: InProcessBody) { self.body = body }

        deinit { body.abandon() }

        func next() async throws -> [UInt8]? { try await body.next() }
    }

    private let state = Mutex(State())

    // MARK: Writing

    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            guard !state.isFinished, !state.isAbandoned else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            state.chunks.append(bytes)
            state.bytes += bytes.count
            if state.bytes > HTTPLimits.streamPendingBytesHigh { state.isAboveHigh = true }
            return nil
        }
        reader?.resume(returning: bytes)
    }

    func finish() {
        let (reader, actions) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, [@Sendable () -> Void]) in
            guard !state.isFinished, !state.isAbandoned else { return (nil, []) }
            state.isFinished = true
            defer { state.reader = nil }
            return (state.reader, state.takeCloseActions())
        }
        reader?.resume(returning: nil)
        for action in actions { action() }
    }

    var isWritable: Bool { state.withLock { !$0.isAboveHigh && !$0.isFinished && !$0.isAbandoned } }

    var pendingBytes: Int { state.withLock { $0.bytes } }

    func onClose(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state -> Bool in
            if state.hasClosed { return true }
            state.closeActions.append(action)
            return false
        }
        if isLate { action() }
    }

    func onWritable(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.writableActions.append(action) }
    }

    // MARK: Reading

    /// The next piece; nil at the end.
    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (result, actions) = state.withLock { state in state.take(continuation) }
                if let result { continuation.resume(with: result) }
                for action in actions { action() }
            }
        } onCancel: {
            abandon()
        }
    }

    func onAbandon(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.abandonAction = action }
    }

    /// Nobody reads any more.
    func abandon() {
        let (reader, actions) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, [@Sendable () -> Void]) in
            guard !state.isAbandoned else { return (nil, []) }
            state.isAbandoned = true
            state.chunks = []
            state.bytes = 0
            let reader = state.reader
            state.reader = nil
            var actions = state.takeCloseActions()
            if let action = state.abandonAction { actions.append(action) }
            state.abandonAction = nil
            return (reader, actions)
        }
        reader?.resume(throwing: CancellationError())
        for action in actions { action() }
    }
}

extension InProcessBody.State {
    fileprivate mutating func takeCloseActions() -> [@Sendable () -> Void] {
        guard !hasClosed else { return [] }
        hasClosed = true
        defer { closeActions = [] }
        return closeActions
    }

    /// What a reader gets at once, or keeps it waiting; and whom to tell that there is room again.
    fileprivate mutating func take(
        _ continuation: CheckedContinuation<[UInt8]?, any Error>
    ) -> (Result<[UInt8]?, any Error>?, [@Sendable () -> Void]) {
        if isAbandoned { return (.failure(CancellationError()), []) }
        if chunks.isEmpty {
            if isFinished { return (.success(nil), []) }
            reader = continuation
            return (nil, [])
        }
        // All there is in one piece: a reader that was slow catches up in one step.
        var piece = chunks[0]
        if chunks.count > 1 {
            // Not `joined()`: that goes byte by byte.
            piece.reserveCapacity(bytes)
            for chunk in chunks.dropFirst() { piece += chunk }
        }
        chunks.removeAll(keepingCapacity: true)
        bytes = 0
        guard isAboveHigh else { return (.success(piece), []) }
        isAboveHigh = false
        return (.success(piece), writableActions)
    }
}
