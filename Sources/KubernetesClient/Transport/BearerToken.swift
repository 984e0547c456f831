import Synchronization

/// The token of a caller: fixed, or in a file that somebody renews.
final class BearerToken: Sendable {
    private struct Cached {
        var stamp: FileStamp?
        var token: String
    }

    private let path: String?
    private let cached: Mutex<Cached>

    init(token: String) {
        path = nil
        cached = Mutex(Cached(token: token))
    }

    init(path: String) {
        self.path = path
        cached = Mutex(Cached(token: ""))
    }

    /// The token of now. The file is read again when it has changed; while it cannot be read the last token stays in use.
    func current() throws -> String {
        guard let path else { return cached.withLock { $0.token } }
        let stamp = FileStamp(path: path)
        let known = cached.withLock { $0 }
        if let stamp, stamp == known.stamp { return known.token }
        do {
            let token = String(decoding: try readFile(path), as: UTF8.self).trimmingASCIIWhitespace()
            // A token is one word; anything else could not be sent.
            if token.isEmpty || token.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) {
                throw FileReadError(path: path, cause: "the file holds no token")
            }
            cached.withLock { $0 = Cached(stamp: stamp, token: token) }
            return token
        } catch {
            if !known.token.isEmpty { return known.token }
            throw error
        }
    }
}

extension String {
    func trimmingASCIIWhitespace() -> String {
        let bytes = utf8
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
        guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(self[first...last])
    }
}
