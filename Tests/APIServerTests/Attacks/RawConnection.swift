import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PKI
import Testing

@testable import APIServer

/// All attacks, one after the other: each has a server of its own, and many servers at once would make others wait.
@Suite(.serialized) enum Attacks {}

/// A TLS connection on which anything can be said.
struct RawConnection {
    var authority: CertificateAuthority
    var port: Int
    var user: CertificateSpec?
    /// Of TLS 1.2, in the words of OpenSSL; nil: as usual.
    var cipherSuites: String?
    var versions: (least: TLSVersion, most: TLSVersion?) = (.tlsv12, nil)

    /// Sends `text` and gives back all that came before the server closed the connection.
    ///
    /// - Throws: when there is no connection, or no handshake.
    func say(_ text: String) async throws -> String {
        try await say(Array(text.utf8))
    }

    func say(_ bytes: [UInt8]) async throws -> String {
        let context = try NIOSSLContext(configuration: try configuration())
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(try NIOSSLClientHandler(context: context, serverHostname: nil))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var text = ""
            do {
                try await outbound.write(ByteBuffer(bytes: bytes))
                for try await part in inbound { text += String(buffer: part) }
            } catch {
                // A server that closes while we still send cuts the connection; what it said before counts.
                if text.isEmpty { throw error }
            }
            return text
        }
    }

    private func configuration() throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(try authority.certificate.pem()))
        tls.minimumTLSVersion = versions.least
        tls.maximumTLSVersion = versions.most
        if let cipherSuites { tls.cipherSuites = cipherSuites }
        if let user {
            let (certificate, key) = try authority.issue(user, now: systemSeconds())
            tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(try certificate.pem()).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.pem(), format: .pem))
        }
        return tls
    }
}

extension WholeServer {
    func raw(user: CertificateSpec? = nil) -> RawConnection { RawConnection(authority: authority, port: port, user: user) }

    /// Calls again until the answer is no longer this one: a change reaches the authorizer a moment after it is stored.
    func settled(_ status: Int, _ call: () async throws -> Reply) async throws -> Reply {
        var reply = try await call()
        while reply.status == status {
            await Task.yield()
            reply = try await call()
        }
        return reply
    }

    /// An account of its own in `default`, and a token for it.
    func account(_ name: String, spec: JSONValue = ["expirationSeconds": 600]) async throws -> String {
        let accounts = "/api/v1/namespaces/default/serviceaccounts"
        _ = try await call(.POST, accounts, ["metadata": ["name": .string(name)]], user: Self.admin)
        let reply = try await call(.POST, "\(accounts)/\(name)/token", ["spec": spec], user: Self.admin)
        return try #require(reply.json["status"]?["token"]?.stringValue, "\(reply.text)")
    }

    static func bearer(_ token: String) -> HTTPHeaders { ["Authorization": "Bearer \(token)"] }
}
