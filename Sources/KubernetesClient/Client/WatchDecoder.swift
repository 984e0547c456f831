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
                try append(Array(chunk[start..<newline]), to: &events)
            } else {
                rest.append(contentsOf: chunk[start..<newline])
                let line = rest
                rest = []
                try append(line, to: &events)
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

    private func append(_ line: [UInt8], to events: inout [WatchEvent<T>]) throws(WatchInterruption<T>) {
        if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return }
        switch decode(line) {
        case .success(let event): events.append(event)
        case .failure(let cause): throw WatchInterruption(events: events, cause: cause)
        }
    }

    // A result and not a typed throw: the optimizer of Swift 6.3 crashes on an inout parameter beside a generic error.
    private func decode(_ line: [UInt8]) -> Result<WatchEvent<T>, any Error> {
        let frame: WatchFrame<T>
        do {
            frame = try WatchFrame<T>(jsonBytes: line)
        } catch {
            return .failure(WatchDecodingError(message: "a watch event of \(T.resource.plural) is not understood: \(error)"))
        }
        switch frame.content {
        case .event(let event): return .success(event)
        case .error(let status): return .failure(APIStatusError(status: status))
        case .unknown(let type):
            return .failure(WatchDecodingError(message: "a watch event of \(T.resource.plural) has the unknown type \"\(type)\""))
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
