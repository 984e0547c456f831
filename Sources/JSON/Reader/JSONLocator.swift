extension JSONError {
    /// The same error with its path. Readers keep no path while they read; it is found from the offset when it is wanted.
    package func located(in buffer: UnsafeRawBufferPointer) -> JSONError {
        guard path == nil else { return self }
        var error = self
        error.path = JSONLocator.paths(of: [offset], in: buffer).first
        return error
    }
}

/// Finds the paths of byte offsets in a document in one pass, which reads only as far as it must: up to the offsets the document is assumed to be
/// well-formed.
struct JSONLocator {
    private enum Frame {
        /// The range of the current member's key, without quotes.
        case object(key: Range<Int>?)
        /// The index of the current element, -1 before the first.
        case array(index: Int)
    }

    private let bytes: UnsafeRawBufferPointer
    private var frames: [Frame] = []
    private var expectsKey = false

    /// One path for each offset; offsets must be in ascending order.
    static func paths(of offsets: [Int], in buffer: UnsafeRawBufferPointer) -> [String] {
        var locator = JSONLocator(bytes: buffer)
        var paths: [String] = []
        var place = 0
        while paths.count < offsets.count && place < buffer.count {
            // What is wrong at a bracket or comma belongs to the member before it.
            switch buffer[place] {
            case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","):
                while paths.count < offsets.count && offsets[paths.count] <= place { paths.append(locator.path) }
            default: break
            }
            place = locator.passToken(at: place)
            while paths.count < offsets.count && offsets[paths.count] < place { paths.append(locator.path) }
        }
        while paths.count < offsets.count { paths.append(locator.path) }
        return paths
    }

    private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private mutating func passToken(at place: Int) -> Int {
        switch bytes[place] {
        case 0x20, 0x0A, 0x0D, 0x09, UInt8(ascii: ":"):
            return place + 1
        case UInt8(ascii: "{"):
            beginValue()
            frames.append(.object(key: nil))
            expectsKey = true
            return place + 1
        case UInt8(ascii: "["):
            beginValue()
            frames.append(.array(index: -1))
            expectsKey = false
            return place + 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = frames.popLast()
            expectsKey = false
            return place + 1
        case UInt8(ascii: ","):
            switch frames.last {
            case .object: expectsKey = true
            case .array(let index): frames[frames.count - 1] = .array(index: index + 1)
            case nil: break
            }
            return place + 1
        case UInt8(ascii: "\""):
            let end = endOfString(from: place + 1)
            if expectsKey, case .object = frames.last {
                frames[frames.count - 1] = .object(key: place + 1..<max(place + 1, end - 1))
                expectsKey = false
            } else {
                beginValue()
            }
            return end
        default:
            beginValue()
            var end = place + 1
            while end < bytes.count, !isDelimiter(bytes[end]) { end += 1 }
            return end
        }
    }

    private func isDelimiter(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: ":")
    }

    private mutating func beginValue() {
        if case .array(-1) = frames.last { frames[frames.count - 1] = .array(index: 0) }
    }

    private func endOfString(from start: Int) -> Int {
        var place = start
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "\"") { return place + 1 }
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        return bytes.count
    }

    private var path: String {
        var path = ""
        for frame in frames {
            switch frame {
            case .object(nil), .array(-1):
                break
            case .object(let range?):
                if !path.isEmpty { path += "." }
                path += key(range)
            case .array(let index):
                path += "[\(index)]"
            }
        }
        return path
    }

    private func key(_ range: Range<Int>) -> String {
        let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        let quoted = [UInt8(ascii: "\"")] + raw + [UInt8(ascii: "\"")]
        return (try? JSONValue(parsing: quoted))?.stringValue ?? String(decoding: raw, as: UTF8.self)
    }
}
