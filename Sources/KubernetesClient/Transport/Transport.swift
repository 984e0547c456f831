/// A request to an API server, before any transport has touched it.
package struct HTTPRequestData: Sendable {
    package var method: String
    /// Path and query, percent-encoded, beginning with `/`.
    package var path: String
    package var headers: [(String, String)]
    package var body: [UInt8]
    /// A stream that says nothing for this long is taken for dead. Transports that cannot lose their peer ignore it.
    package var idleTimeout: Duration?

    package init(
        method: String = "GET", path: String, headers: [(String, String)] = [], body: [UInt8] = [], idleTimeout: Duration? = nil
    ) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.idleTimeout = idleTimeout
    }
}

/// A whole answer of an API server.
package struct HTTPResponseData: Sendable {
    package var status: Int
    package var headers: [(String, String)]
    package var body: [UInt8]

    package init(status: Int, headers: [(String, String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header; names compare without regard to case.
    package func header(_ name: String) -> String? { firstValue(of: name, in: headers) }
}

/// The way to an API server. The identity of the caller belongs to the transport: a client certificate, a token, or the
/// user that an in-process transport was made for.
package protocol Transport: Sendable {
    /// Sends a request and waits for the whole answer. Throws when there is no answer; an answer with an error status is
    /// returned, not thrown. Cancelling the task abandons the request.
    func send(_ request: HTTPRequestData) async throws -> HTTPResponseData

    /// Sends a request and returns as soon as the answer begins; the body follows in chunks as they come, of any size.
    /// Cancelling the task that reads the body, or dropping the body, ends the request.
    func stream(_ request: HTTPRequestData) async throws -> (
        status: Int, headers: [(String, String)], body: AsyncThrowingStream<[UInt8], any Error>
    )
}

/// The request never got an answer.
package struct TransportError: Error, CustomStringConvertible {
    /// What kind of failure it was, as far as callers act on it.
    package enum Kind: Sendable {
        /// Nobody listens at the address.
        case refused
        /// No answer in time.
        case timeout
        /// The certificates did not suit.
        case tls
        /// The connection ended before the answer was whole.
        case closed
        case other
    }

    package var kind: Kind
    /// The server's address, as the person configured it.
    package var server: String
    package var cause: String

    package init(kind: Kind, server: String, cause: String) {
        self.kind = kind
        self.server = server
        self.cause = cause
    }

    package var description: String {
        switch kind {
        case .refused: "the connection to the server \(server) was refused: \(cause)"
        case .timeout: "no answer from the server \(server) in time: \(cause)"
        case .tls: "no secure connection to the server \(server): \(cause)"
        case .closed: "the server \(server) closed the connection: \(cause)"
        case .other: "the request to the server \(server) failed: \(cause)"
        }
    }
}

/// The first value under `name`, which must compare equal when ASCII case is ignored.
func firstValue(of name: String, in headers: [(String, String)]) -> String? {
    for (key, value) in headers where equalIgnoringCase(key, name) { return value }
    return nil
}

private func equalIgnoringCase(_ a: String, _ b: String) -> Bool {
    let a = a.utf8, b = b.utf8
    guard a.count == b.count else { return false }
    return zip(a, b).allSatisfy { $0 == $1 || (isLetter($0) && $0 | 0x20 == $1 | 0x20) }
}

private func isLetter(_ byte: UInt8) -> Bool {
    let lower = byte | 0x20
    return lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "z")
}
