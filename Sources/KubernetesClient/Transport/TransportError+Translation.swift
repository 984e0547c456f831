import AsyncHTTPClient
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension TransportError {
    /// The network library's error in words for people. Cancellation and errors that speak for themselves stay what they are.
    static func translating(_ error: any Error, server: String) -> any Error {
        switch error {
        case is CancellationError: return error
        case is TransportError, is FileReadError, is ConnectionConfigurationError: return error
        case let error as HTTPClientError:
            if error == .cancelled && Task.isCancelled { return CancellationError() }
            return translating(error, server: server)
        case let error as NIOConnectionError: return translating(error, server: server)
        case let error as IOError: return TransportError(kind: kind(ofErrno: error.errnoCode), server: server, cause: words(ofErrno: error.errnoCode))
        case let error as NIOSSLError: return TransportError(kind: .tls, server: server, cause: words(of: error))
        case is NIOSSLExtraError: return TransportError(kind: .tls, server: server, cause: "\(error)")
        case let error as ChannelError:
            if case .connectTimeout = error { return TransportError(kind: .timeout, server: server, cause: "no connection within the time limit") }
            return TransportError(kind: .closed, server: server, cause: "\(error)")
        default: return TransportError(kind: .other, server: server, cause: "\(error)")
        }
    }

    private static func translating(_ error: HTTPClientError, server: String) -> TransportError {
        switch error {
        case .connectTimeout: TransportError(kind: .timeout, server: server, cause: "no connection within the time limit")
        case .tlsHandshakeTimeout: TransportError(kind: .timeout, server: server, cause: "the TLS handshake did not finish")
        case .deadlineExceeded, .readTimeout, .getConnectionFromPoolTimeout, .writeTimeout:
            TransportError(kind: .timeout, server: server, cause: "the request took too long")
        case .remoteConnectionClosed: TransportError(kind: .closed, server: server, cause: "before the answer was complete")
        case .alreadyShutdown: TransportError(kind: .closed, server: server, cause: "this client has been shut down")
        default: TransportError(kind: .other, server: server, cause: error.shortDescription)
        }
    }

    private static func translating(_ error: NIOConnectionError, server: String) -> TransportError {
        for failure in error.connectionErrors {
            if let failure = failure.error as? IOError {
                return TransportError(kind: kind(ofErrno: failure.errnoCode), server: server, cause: words(ofErrno: failure.errnoCode))
            }
            if let failure = failure.error as? ChannelError, case .connectTimeout = failure {
                return TransportError(kind: .timeout, server: server, cause: "no connection within the time limit")
            }
        }
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return TransportError(kind: .other, server: server, cause: "the host \"\(error.host)\" has no address")
        }
        return TransportError(kind: .other, server: server, cause: "\(error)")
    }

    private static func kind(ofErrno code: CInt) -> Kind {
        switch code {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timeout
        case ECONNRESET, EPIPE, ECONNABORTED: .closed
        default: .other
        }
    }

    private static func words(ofErrno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "nothing listens there; is the server running?"
        default: String(cString: strerror(code))
        }
    }

    private static func words(of error: NIOSSLError) -> String {
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") {
            return "the server's certificate is not signed by the expected authority, or has expired"
        }
        if text.contains("CERTIFICATE_REQUIRED") || text.contains("BAD_CERTIFICATE") || text.contains("UNKNOWN_CA") {
            return "the server did not accept the client certificate"
        }
        if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS on this port" }
        return text
    }
}
