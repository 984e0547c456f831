import Glibc
import Synchronization

/// A plain HTTP/1.1 server on a port of its own that gives each request to a script; one connection at a time is enough for tests.
final class SocketServer: Sendable {
    let port: UInt16
    private let listener: Int32
    private let answers: @Sendable (String) -> [String]?
    private let seen = Mutex<[String]>([])

    /// - Parameter answers: the pieces of the raw answer to a request, sent one after the other; nil closes the connection at once, and an
    ///   empty last piece keeps it open in silence.
    init(answers: @escaping @Sendable (String) -> [String]?) throws {
        self.answers = answers
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { raw in
            let pointer = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return bind(listener, pointer, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, pointer, &length) == 0
        }
        port = UInt16(bigEndian: address.sin_port)
        struct NoSocket: Error {}
        if !isBound { throw NoSocket() }
        var thread = pthread_t()
        // The thread ends when the listener is shut down.
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SocketServer>.fromOpaque(context).takeRetainedValue().serve()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_detach(thread)
    }

    var requests: [String] { seen.withLock { $0 } }

    /// The thread closes the listener: closed here, its number could belong to another server's before the thread asks it for a connection.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 {
                if errno == EINTR { continue }
                close(listener)
                return
            }
            while let request = readRequest(connection) {
                seen.withLock { $0.append(request) }
                guard let pieces = answers(request) else { break }
                for piece in pieces { _ = piece.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) } }
            }
            close(connection)
        }
    }

    private func readRequest(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) == 1 {
            bytes.append(byte)
            if bytes.suffix(4) == [13, 10, 13, 10] {
                let head = String(decoding: bytes, as: UTF8.self)
                var missing = 0
                for line in head.lowercased().split(separator: "\r\n") where line.hasPrefix("content-length: ") {
                    missing = Int(line.dropFirst("content-length: ".count)) ?? 0
                }
                while missing > 0, recv(connection, &byte, 1, 0) == 1 {
                    bytes.append(byte)
                    missing -= 1
                }
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        return nil
    }
}
