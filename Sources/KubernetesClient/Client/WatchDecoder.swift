import JSON
package import KubernetesAPI

/// Turns the chunks of a watch into events: one JSON document a line, cut by the network anywhere.
package struct WatchDecoder<T: KubernetesResource>: Sendable {
    /// A line may not be longer than this many bytes; an object in etcd is at most 1.5 MiB.
    package static var lineBytesMax: Int { 16 << 20 }

    private var rest: [UInt8] = []

    package init() {}

    /// The events that end in this chunk. Throws `APIStatusError` for the server's ERROR event and `WatchDecodingError` for a
    /// line that cannot be understood; events before it in the same chunk are then in the error's `events`.
    package mutating func feed(_ chunk: [UInt8]) throws(WatchInterruption<T>) -> [WatchEvent<T>] {
        var events: [WatchEvent<T>] = []
        var start = 0
        while let newline = chunk[start...].firstIndex(of: UInt8(ascii: "\n")) {
            defer { start = newline + 1 }
            if rest.isEmpty {
                try decode(Array(chunk[start..<newline]), into: &events)
            } else {
                rest.append(contentsOf: chunk[start..<newline])
                let line = rest
                rest = []
                try decode(line, into: &events)
            }
        }
        if start < chunk.count {
            rest.append(contentsOf: chunk[start...])
            if rest.count > Self.lineBytesMax {
                throw WatchInterruption(
                    events: events, cause: WatchDecodingError(message: "a watch line is longer than \(Self.lineBytesMax) bytes"))
            }
        }
        return events
    }

    private func decode(_ line: [UInt8], into events: inout [WatchEvent<T>]) throws(WatchInterruption<T>) {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return }
        let frame: WatchFrame<T>
        do {
            frame = try WatchFrame<T>(jsonBytes: line)
        } catch {
            throw WatchInterruption(
                events: events, cause: WatchDecodingError(message: "a watch event of \(T.resource.plural) is not understood: \(error)"))
        }
        switch frame.content {
        case .event(let event): events.append(event)
        case .error(let status): throw WatchInterruption(events: events, cause: APIStatusError(status: status))
        case .unknown(let type):
            throw WatchInterruption(
                events: events, cause: WatchDecodingError(message: "a watch event of \(T.resource.plural) has the unknown type \"\(type)\""))
        }
    }
}

/// The end of a watch by an error, with the events that came before it in the same chunk.
package struct WatchInterruption<T: KubernetesResource>: Error {
    package var events: [WatchEvent<T>]
    package var cause: any Error
}

/// Something on a watch that is not a watch event.
package struct WatchDecodingError: Error, CustomStringConvertible {
    package var message: String
    package var description: String { message }
}
