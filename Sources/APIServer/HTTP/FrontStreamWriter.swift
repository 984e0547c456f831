import NIOCore
import Synchronization

/// The writer of a streamed answer. Collects writes from any thread and hands them to the connection once per turn of its loop.
final class FrontStreamWriter: StreamWriter {
    fileprivate struct State {
        var queue: [ByteBuffer] = []
        var queuedBytes = 0
        /// Handed to the connection and not yet to the operating system.
        var flyingBytes = 0
        var isDrainScheduled = false
        var isOpen = false
        var isFinishing = false
        var hasEnded = false
        var isAboveHigh = false
        var closeActions: [@Sendable () -> Void] = []
        var writableActions: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let sink: NIOLoopBound<any ResponseSink>
    private let loop: any EventLoop

    init(sink: NIOLoopBound<any ResponseSink>, eventLoop: any EventLoop) {
        self.sink = sink
        loop = eventLoop
    }

    var eventLoop: (any EventLoop)? { loop }

    /// The head of the answer is on its way: from now on the connection takes what is written on its loop at once.
    func opened() {
        state.withLock { $0.isOpen = true }
    }

    private enum Next { case nothing, send, schedule }

    func write(_ bytes: [UInt8]) {
        write(ByteBuffer(bytes: bytes))
    }

    func write(_ buffer: ByteBuffer) {
        let bytes = buffer.readableBytes
        guard bytes > 0 else { return }
        let isOnLoop = loop.inEventLoop
        let next = state.withLock { state -> Next in
            guard !state.hasEnded, !state.isFinishing else { return .nothing }
            // Nothing before it, and no way to wait for the loop: the way is free.
            if isOnLoop, state.isOpen, state.queue.isEmpty, !state.isDrainScheduled {
                state.flyingBytes += bytes
                if state.flyingBytes > HTTPLimits.streamPendingBytesHigh { state.isAboveHigh = true }
                return .send
            }
            state.queue.append(buffer)
            state.queuedBytes += bytes
            if state.queuedBytes + state.flyingBytes > HTTPLimits.streamPendingBytesHigh { state.isAboveHigh = true }
            return state.scheduleDrain() ? .schedule : .nothing
        }
        switch next {
        case .nothing: break
        case .send: sink.value.sendBody([buffer], bytes: bytes)
        case .schedule: loop.execute { self.drain() }
        }
    }

    func finish() {
        let mustSchedule = state.withLock { state -> Bool in
            guard !state.hasEnded, !state.isFinishing else { return false }
            state.isFinishing = true
            return state.scheduleDrain()
        }
        if mustSchedule { loop.execute { self.drain() } }
    }

    var isWritable: Bool { state.withLock { !$0.isAboveHigh && !$0.hasEnded && !$0.isFinishing } }

    var pendingBytes: Int { state.withLock { $0.queuedBytes + $0.flyingBytes } }

    func onClose(_ action: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state -> Bool in
            if state.hasEnded { return true }
            state.closeActions.append(action)
            return false
        }
        if isLate { action() }
    }

    func onWritable(_ action: @escaping @Sendable () -> Void) {
        state.withLock { state in
            if !state.hasEnded { state.writableActions.append(action) }
        }
    }

    /// The connection is gone or the answer complete: nothing can be written any more.
    func connectionEnded() {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            guard !state.hasEnded else { return [] }
            state.hasEnded = true
            state.queue = []
            state.queuedBytes = 0
            state.writableActions = []
            defer { state.closeActions = [] }
            return state.closeActions
        }
        for action in actions { action() }
    }

    /// On the loop: hands over all that has come.
    private func drain() {
        let (buffers, bytes, isLast) = state.withLock { state -> ([ByteBuffer], Int, Bool) in
            state.isDrainScheduled = false
            let buffers = state.queue
            let bytes = state.queuedBytes
            state.queue = []
            state.queuedBytes = 0
            state.flyingBytes += bytes
            return (buffers, bytes, state.isFinishing && !state.hasEnded)
        }
        if !buffers.isEmpty {
            sink.value.sendBody(buffers, bytes: bytes)
        }
        if isLast {
            sink.value.sendEnd()
            connectionEnded()
        }
    }

    /// So many bytes have left for the connection.
    func landed(_ bytes: Int) {
        let actions = state.withLock { state -> [@Sendable () -> Void] in
            state.flyingBytes -= bytes
            guard state.isAboveHigh, state.queuedBytes + state.flyingBytes <= HTTPLimits.streamPendingBytesLow else { return [] }
            state.isAboveHigh = false
            return state.writableActions
        }
        for action in actions { action() }
    }
}

extension FrontStreamWriter.State {
    /// Whether the caller has to schedule a drain.
    fileprivate mutating func scheduleDrain() -> Bool {
        if isDrainScheduled { return false }
        isDrainScheduled = true
        return true
    }
}
