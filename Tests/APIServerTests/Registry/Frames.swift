import KubernetesAPI
import NIOHTTP1
import Synchronization

@testable import APIServer

/// The events of a watch in protobuf, each behind its length in four bytes.
final class Frames: Responder, StreamWriter {
    struct Event: Sendable {
        var type: String
        var object: [UInt8]
    }

    private struct State {
        var rest: [UInt8] = []
        var contentType: String?
        var close: [@Sendable () -> Void] = []
    }

    let events: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation
    private let state = Mutex(State())

    init() {
        (events, continuation) = AsyncStream.makeStream()
    }

    var contentType: String? { state.withLock { $0.contentType } }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) { continuation.finish() }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        state.withLock { $0.contentType = headers.first(name: "Content-Type") }
        return self
    }

    func write(_ bytes: [UInt8]) {
        let whole = state.withLock { state in
            state.rest += bytes
            var whole: [[UInt8]] = []
            while state.rest.count >= 4 {
                let length = state.rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
                guard state.rest.count >= 4 + length else { break }
                whole.append(Array(state.rest[4..<(4 + length)]))
                state.rest.removeFirst(4 + length)
            }
            return whole
        }
        for frame in whole { if let event = Self.event(frame) { continuation.yield(event) } }
    }

    /// The type is field 1; the object is field 1 of the message in field 2.
    private static func event(_ frame: [UInt8]) -> Event? {
        var event = Event(type: "", object: [])
        var reader = Wire(frame[...])
        while let (number, part) = reader.next() {
            if number == 1 { event.type = String(decoding: part, as: UTF8.self) }
            if number == 2 {
                var inner = Wire(part)
                if let (number, object) = inner.next(), number == 1 { event.object = Array(object) }
            }
        }
        return event.type.isEmpty ? nil : event
    }

    /// Fields that are bytes, which is all that an event has.
    private struct Wire {
        var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        mutating func next() -> (Int, ArraySlice<UInt8>)? {
            guard let key = rest.popFirst(), key & 7 == 2 else { return nil }
            var length = 0
            var shift = 0
            while let byte = rest.popFirst() {
                length |= Int(byte & 0x7F) << shift
                shift += 7
                if byte & 0x80 == 0 { break }
            }
            defer { rest = rest.dropFirst(length) }
            return (Int(key >> 3), rest.prefix(length))
        }
    }

    func finish() {
        continuation.finish()
        let close = state.withLock { state in
            defer { state.close = [] }
            return state.close
        }
        for f in close { f() }
    }

    var isWritable: Bool { true }
    var pendingBytes: Int { 0 }
    func onClose(_ f: @escaping @Sendable () -> Void) { state.withLock { $0.close.append(f) } }
    func onWritable(_ f: @escaping @Sendable () -> Void) {}
}
