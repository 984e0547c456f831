import AsyncHTTPClient
import Linux
import NIOCore
import NIOPosix

/// Says what went wrong with a connection in the words that Go programs use, since upstream's messages carry them and people know them.
enum ConnectionWords {
    static func of(_ error: any Error, authority: String) -> String {
        if let error = error as? HTTPClientError {
            switch error {
            case .deadlineExceeded, .readTimeout:
                return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            case .connectTimeout, .getConnectionFromPoolTimeout: return "dial tcp \(authority): i/o timeout"
            case .remoteConnectionClosed: return "EOF"
            default: return "\(error)"
            }
        }
        if let error = error as? IOError { return "dial tcp \(authority): connect: \(String(cString: strerror(error.errnoCode)).lowercased())" }
        if let error = error as? NIOConnectionError {
            guard let first = error.connectionErrors.first else { return "dial tcp: lookup \(error.host): no such host" }
            return of(first.error, authority: authority)
        }
        if let error = error as? ChannelError, case .connectTimeout = error { return "dial tcp \(authority): i/o timeout" }
        return "\(error)"
    }
}
