import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import SwiftProtobuf

/// A key management plug-in behind a unix socket. Every call has a connection of its own: they are rare, and the plug-in may come and go.
package struct KeyManagementClient: KeyManagementService {
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
        let answer = try await call("Status") { try await $0.status(KMSStatusRequest(), options: $1) }
        return KeyManagementStatus(version: answer.version, health: answer.healthz, keyID: answer.keyID)
    }

    package func encrypt(_ plaintext: [UInt8], id: String) async throws -> GuardedKey {
        let request = KMSEncryptRequest.with {
            $0.plaintext = Data(plaintext)
            $0.uid = id
        }
        let answer = try await call("Encrypt") { try await $0.encrypt(request, options: $1) }
        return GuardedKey(ciphertext: Array(answer.ciphertext), keyID: answer.keyID, annotations: answer.annotations.mapValues { Array($0) })
    }

    package func decrypt(_ key: GuardedKey, id: String) async throws -> [UInt8] {
        let request = KMSDecryptRequest.with {
            $0.ciphertext = Data(key.ciphertext)
            $0.uid = id
            $0.keyID = key.keyID
            $0.annotations = key.annotations.mapValues { Data($0) }
        }
        return Array(try await call("Decrypt") { try await $0.decrypt(request, options: $1) }.plaintext)
    }

    private func call<Answer: Sendable>(
        _ method: String, _ body: (KMSKeyManagementService.Client<HTTP2ClientTransport.Posix>, CallOptions) async throws -> Answer
    ) async throws -> Answer {
        var options = CallOptions.defaults
        options.timeout = timeout
        options.waitForReady = false
        do {
            let transport = try HTTP2ClientTransport.Posix(
                target: .unixDomainSocket(path: path, authority: "localhost"), transportSecurity: .plaintext)
            return try await withGRPCClient(transport: transport) { try await body(KMSKeyManagementService.Client(wrapping: $0), options) }
        } catch let error as RPCError {
            throw KeyManagementError("\(method) of the key management plug-in at \(path) failed: \(error.code): \(error.message)")
        }
    }
}
