import Glibc
import NIOCore

/// The answer to a watch: one event a line.
final class EventStream: AnswerReceiver {
    /// How long a server may take before it answers a watch.
    private static let patience = TimeAmount.seconds(20)

    private let opened: EventLoopPromise<Void>
    private let onLine: ((UnsafeRawBufferPointer) -> Void)?
    private let onCount: (Int) -> Void
    private let onEnd: (LoadError) -> Void
    private var part = ByteBuffer()

    /// - Parameters:
    ///   - onLine: gets every event's bytes. Events are only counted without it, which costs this process the least.
    ///   - onCount: gets the number of events that just came, after `onLine` has seen them.
    ///   - onEnd: called when the stream ends.
    private init(
        opened: EventLoopPromise<Void>, onLine: (@Sendable (UnsafeRawBufferPointer) -> Void)?, onCount: @escaping @Sendable (Int) -> Void,
        onEnd: @escaping @Sendable (LoadError) -> Void
    ) {
        self.opened = opened
        self.onLine = onLine
        self.onCount = onCount
        self.onEnd = onEnd
    }

    /// Returns when the server has answered and events may come. The closures run on the connection's loop.
    static func open(
        _ path: String, on line: Line, onLine: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil,
        onCount: @escaping @Sendable (Int) -> Void = { _ in }, onEnd: @escaping @Sendable (LoadError) -> Void
    ) async throws {
        try await line.loop.flatSubmit {
            let opened = line.loop.makePromise(of: Void.self)
            line.connection.send(.get(path), EventStream(opened: opened, onLine: onLine, onCount: onCount, onEnd: onEnd))
            let giveUp = line.loop.scheduleTask(in: patience) { opened.fail(LoadError.notInTime("the first answer to GET \(path)")) }
            return opened.futureResult.always { _ in giveUp.cancel() }
        }.get()
    }

    func head(status: Int) {
        if status == 200 { opened.succeed() } else { failed(.refused(work: "watch", status: status, body: "")) }
    }

    func bytes(_ bytes: ByteBuffer) {
        guard let onLine else { return onCount(bytes.withUnsafeReadableBytes { Self.lines(in: $0) { _ in }.count }) }
        part.writeImmutableBuffer(bytes)
        let found = part.withUnsafeReadableBytes { Self.lines(in: $0, onLine) }
        part.moveReaderIndex(forwardBy: found.bytes)
        if part.readableBytes == 0 { part.clear() } else if part.readerIndex > 1 << 20 { part.discardReadBytes() }
        onCount(found.count)
    }

    func end() { failed(.connectionLost("the server ended a watch")) }

    func failed(_ error: LoadError) {
        opened.fail(error)
        onEnd(error)
    }

    /// Calls for each whole line; says how many there are and how many bytes they take.
    static func lines(in bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> (count: Int, bytes: Int) {
        var count = 0
        var start = 0
        while start < bytes.count, let base = bytes.baseAddress, let end = memchr(base + start, 0x0A, bytes.count - start) {
            let stop = UnsafeRawPointer(end) - base
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<stop]))
            count += 1
            start = stop + 1
        }
        return (count, start)
    }
}

/// Finds things in an event without reading all of it.
enum EventBytes {
    /// The index after the first place where the text stands.
    static func end(of text: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let length = text.utf8CodeUnitCount
        var start = 0
        while start + length <= bytes.count, let found = memchr(base + start, Int32(text.utf8Start.pointee), bytes.count - start - length + 1) {
            if memcmp(found, text.utf8Start, length) == 0 { return UnsafeRawPointer(found) - base + length }
            start = UnsafeRawPointer(found) - base + 1
        }
        return nil
    }

    /// The digits after the first place where the text stands, as a number.
    static func number(after text: StaticString, in bytes: UnsafeRawBufferPointer) -> UInt64? {
        guard var index = end(of: text, in: bytes) else { return nil }
        let first = index
        var value: UInt64 = 0
        while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39, index - first < 19 {
            value = value * 10 + UInt64(bytes[index] - 0x30)
            index += 1
        }
        return index > first ? value : nil
    }
}
