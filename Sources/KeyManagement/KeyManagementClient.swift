import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// A key management plug-in behind a unix socket. Every call has a connection of its own: they are rare, and the plug-in may come and go.
package struct KeyManagementClient: KeyManagementService {
    static let service = "v2.KeyManagementService"

    private let path: String
    private let timeout: Duration

    /// - Parameter endpoint: such as `unix:///run/kms.sock`.
    /// - Throws: `KeyManagementError` for another form.
    package init(endpoint: String, timeout: Duration) throws(KeyManagementError) {
        guard endpoint.hasPrefix("unix:///"), endpoint.utf8.count > 8 else {
            throw KeyManagementError("the endpoint \(endpoint) must be a unix socket such as unix:///run/kms.sock")
        }
        path = String(endpoint.dropFirst(7))
        guard path.utf8.count < 108 else { throw KeyManagementError("the path of the socket \(path) is longer than 107 bytes") }
        self.timeout = timeout
    }

    package func status() async throws -> KeyManagementStatus {
        try Messages.status(try await call("Status", []))
    }

    package func encrypt(_ plaintext: [UInt8], id: String) async throws -> GuardedKey {
        try Messages.encryptResponse(try await call("Encrypt", Messages.encryptRequest(plaintext, id: id)))
    }

    package func decrypt(_ key: GuardedKey, id: String) async throws -> [UInt8] {
        try Messages.decryptResponse(try await call("Decrypt", Messages.decryptRequest(key, id: id)))
    }

    private func call(_ method: String, _ message: [UInt8]) async throws -> [UInt8] {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = false
        let chosen = options
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext)
            return try await withGRPCClient(transport: transport) { client in
                try await client.unary(
                    request: ClientRequest(message: message),
                    descriptor: MethodDescriptor(fullyQualifiedService: Self.service, method: method), serializer: RawMessages(),
                    deserializer: RawMessages(), options: chosen, onResponse: { try $0.message })
            }
        } catch let error as RPCError {
            throw KeyManagementError("\(method) of the key management plug-in at \(path) failed: \(error.code): \(error.message)")
        }
    }
}

/// Messages as they are on the wire.
struct RawMessages: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> [UInt8] {
        serializedMessageBytes.withUnsafeBytes { Array($0) }
    }
}
