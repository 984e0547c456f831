import NIOCore
import Synchronization

/// The body of a streamed answer inside the process: written by the server, read by one task.
///
/// What is written and not yet read counts as pending, so that the server slows down for a slow reader as it does over the network.
final class InProcessBody: StreamWriter {
    /// Pending bytes from which the reader counts as slow.
    static let writableBytesMax = 1 << 20

    private struct State {
        var chunks: [[UInt8]] = []
        var pending = 0
        var isFinished = false
        var isClosed = false
        var reader: CheckedContinuation<[UInt8]?, Never>?
        var closeHandlers: [@Sendable () -> Void] = []
        var writableHandlers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var pendingBytes: Int { state.withLock { $0.pending } }
    var isWritable: Bool { state.withLock { $0.pending < Self.writableBytesMax && !$0.isClosed } }

    func write(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let reader: CheckedContinuation<[UInt8]?, Never>? = state.withLock { state in
            guard !state.isFinished, !state.isClosed else { return nil }
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            state.chunks.append(bytes)
            state.pending += bytes.count
            return nil
        }
        reader?.resume(returning: bytes)
    }

    func finish() {
        let (reader, handlers) = state.withLock { state -> (CheckedContinuation<[UInt8]?, Never>?, [@Sendable () -> Void]) in
            guard !state.isFinished else { return (nil, []) }
            state.isFinished = true
            return Self.end(&state)
        }
        reader?.resume(returning: nil)
        for handler in handlers { handler() }
    }

    /// The reader has gone away.
    func close() {
        let (reader, handlers) = state.withLock { state -> (CheckedContinuation<[UInt8]?, Never>?, [@Sendable () -> Void]) in
            guard !state.isClosed else { return (nil, []) }
            state.isClosed = true
            state.chunks = []
            return Self.end(&state)
        }
        reader?.resume(returning: nil)
        for handler in handlers { handler() }
    }

    private static func end(_ state: inout State) -> (CheckedContinuation<[UInt8]?, Never>?, [@Sendable () -> Void]) {
        defer {
            state.reader = nil
            state.closeHandlers = []
        }
        return (state.reader, state.closeHandlers)
    }

    func onClose(_ f: @escaping @Sendable () -> Void) {
        let hasEnded = state.withLock { state in
            if state.isFinished || state.isClosed { return true }
            state.closeHandlers.append(f)
            return false
        }
        if hasEnded { f() }
    }

    func onWritable(_ f: @escaping @Sendable () -> Void) {
        state.withLock { $0.writableHandlers.append(f) }
    }

    /// The chunks for the one reader; ends the answer when it is dropped or its task is cancelled.
    func sequence() -> AsyncThrowingStream<[UInt8], any Error> {
        let guardian = Guardian(body: self)
        return AsyncThrowingStream { try await guardian.body.next() }
    }

    /// Lives as long as the stream does.
    private final class Guardian: Sendable {
        let body: InProcessBody

        init(body: InProcessBody) { self.body = body }

        deinit { body.close() }
    }

    private func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            let chunk: [UInt8]? = await withCheckedContinuation { continuation in
                let (result, woken) = state.withLock { state -> ([UInt8]??, [@Sendable () -> Void]) in
                    if !state.chunks.isEmpty {
                        // All that is there at once: one hop for many events.
                        let all = state.chunks.count == 1 ? state.chunks[0] : Array(state.chunks.joined())
                        let wasSlow = state.pending >= Self.writableBytesMax
                        state.chunks.removeAll(keepingCapacity: true)
                        state.pending = 0
                        return (.some(all), wasSlow ? state.writableHandlers : [])
                    }
                    if state.isFinished || state.isClosed { return (.some(nil), []) }
                    state.reader = continuation
                    return (nil, [])
                }
                if let result { continuation.resume(returning: result) }
                for handler in woken { handler() }
            }
            try Task.checkCancellation()
            return chunk
        } onCancel: {
            close()
        }
    }
}
