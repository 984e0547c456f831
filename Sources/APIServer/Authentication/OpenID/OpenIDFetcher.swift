package import KubernetesClient
import Logging
import Synchronization

/// Fetches an issuer's documents over HTTPS. One connection for each server that they stand on.
package final class OpenIDFetcher: Sendable {
    /// Discovery documents and key sets are small; what is larger is no such thing.
    static let bytesMax = 1 << 20
    static let attemptsMax = 3
    static let timeout = Duration.seconds(10)

    /// Makes the way to a server, `https://host:port`.
    package typealias Connect = @Sendable (_ server: String) throws -> any Transport

    private let connect: Connect
    private let time: TimeSource
    private let servers = Mutex<[String: any Transport]>([:])

    package init(time: TimeSource = .system, connect: @escaping Connect) {
        self.connect = connect
        self.time = time
    }

    /// - Parameter authority: who may vouch for the servers; nil: the certificates of the machine. A file is followed when it changes.
    package convenience init(authority: ServerConnection.PEM?) {
        let logger = Logger(label: "oidc")
        self.init { server in
            var connection = ServerConnection(server: server)
            connection.certificateAuthority = authority
            return try HTTPSTransport(connection, logger: logger)
        }
    }

    /// - Throws: `OpenIDFetchError`, or what the transport says.
    package func fetch(_ url: String) async throws -> [UInt8] {
        guard url.hasPrefix("https://") else { throw OpenIDFetchError(url: url, problem: "it must begin with https://") }
        let rest = url.dropFirst(8)
        let host = rest.prefix { $0 != "/" && $0 != "?" }
        let path = rest[host.endIndex...]
        let transport = try transport("https://\(host)")
        var attempt = 1
        while true {
            do {
                return try await withDeadline(Self.timeout, time) { try await Self.body(transport, path.isEmpty ? "/" : String(path), url) }
            } catch let error as OpenIDFetchError where !error.mayPass || attempt >= Self.attemptsMax {
                throw error
            } catch  where error is CancellationError || attempt >= Self.attemptsMax {
                throw error
            } catch {
                try await time.sleep(.milliseconds(200 << attempt))
                attempt += 1
            }
        }
    }

    private func transport(_ server: String) throws -> any Transport {
        if let known = servers.withLock({ $0[server] }) { return known }
        let made = try connect(server)
        return servers.withLock { servers in
            if let known = servers[server] { return known }
            servers[server] = made
            return made
        }
    }

    private static func body(_ transport: any Transport, _ path: String, _ url: String) async throws -> [UInt8] {
        let answer = try await transport.stream(HTTPRequestData(path: path, headers: [("Accept", "application/json")]))
        guard answer.status == 200 else { throw OpenIDFetchError(url: url, problem: "status \(answer.status)", mayPass: answer.status >= 500) }
        var bytes: [UInt8] = []
        for try await chunk in answer.body {
            bytes += chunk
            if bytes.count > bytesMax { throw OpenIDFetchError(url: url, problem: "it has more than \(bytesMax) bytes") }
        }
        return bytes
    }
}

/// A document of an issuer that cannot be had.
package struct OpenIDFetchError: Error, CustomStringConvertible {
    package var url: String
    package var problem: String
    /// Whether another try may help.
    var mayPass = false

    package var description: String { "\(url): \(problem)" }
}
