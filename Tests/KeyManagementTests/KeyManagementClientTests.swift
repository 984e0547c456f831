import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Glibc
import SwiftProtobuf
import Testing

@testable import KeyManagement

/// A plug-in behind a real socket: "encrypts" by turning the bytes around.
private struct Plugin: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        func register<Request: Message, Answer: Message>(_ method: MethodDescriptor, _ answer: @escaping @Sendable (Request) throws -> Answer) {
            router.registerHandler(forMethod: method, deserializer: ProtobufDeserializer<Request>(), serializer: ProtobufSerializer<Answer>()) {
                request, _ in
                let single = try await ServerRequest(stream: request)
                return StreamingServerResponse(single: ServerResponse(message: try answer(single.message)))
            }
        }
        register(KMSKeyManagementService.Method.Status.descriptor) { (_: KMSStatusRequest) in
            KMSStatusResponse.with {
                $0.version = "v2"
                $0.healthz = "ok"
                $0.keyID = "key-1"
            }
        }
        register(KMSKeyManagementService.Method.Encrypt.descriptor) { (request: KMSEncryptRequest) in
            if request.plaintext.isEmpty { throw RPCError(code: .invalidArgument, message: "nothing to encrypt") }
            return KMSEncryptResponse.with {
                $0.ciphertext = Data(request.plaintext.reversed())
                $0.keyID = "key-1"
                $0.annotations = ["id.example.com": Data(request.uid.utf8)]
            }
        }
        register(KMSKeyManagementService.Method.Decrypt.descriptor) { (request: KMSDecryptRequest) in
            guard request.keyID == "key-1", !request.annotations.isEmpty else { throw RPCError(code: .notFound, message: "no such key") }
            return KMSDecryptResponse.with { $0.plaintext = Data(request.ciphertext.reversed()) }
        }
    }
}

@Suite(.timeLimit(.minutes(3))) struct KeyManagementClientTests {
    @Test func aPluginBehindASocket() async throws {
        let path = "/tmp/kms-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).sock"
        defer { unlink(path) }
        let server = GRPCServer(
            transport: .http2NIOPosix(address: .unixDomainSocket(path: path), transportSecurity: .plaintext), services: [Plugin()])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.serve() }
            _ = try await server.listeningAddress
            let client = try KeyManagementClient(endpoint: "unix://\(path)", timeout: .seconds(60))
            #expect(try await client.status() == KeyManagementStatus(version: "v2", health: "ok", keyID: "key-1"))
            let key = try await client.encrypt([1, 2, 3], id: "u-1")
            #expect(key == GuardedKey(ciphertext: [3, 2, 1], keyID: "key-1", annotations: ["id.example.com": Array("u-1".utf8)]))
            #expect(try await client.decrypt(key, id: "u-2") == [1, 2, 3])
            var other = key
            other.keyID = "key-2"
            let error = await #expect(throws: KeyManagementError.self) { try await client.decrypt(other, id: "u-3") }
            #expect(error?.description.contains("Decrypt of the key management plug-in") == true)
            await #expect(throws: KeyManagementError.self) { try await client.encrypt([], id: "u-4") }
            server.beginGracefulShutdown()
        }
        // Nobody listens any more.
        let client = try KeyManagementClient(endpoint: "unix://\(path)", timeout: .milliseconds(500))
        await #expect(throws: KeyManagementError.self) { try await client.status() }
    }

    @Test(arguments: ["tcp://1.2.3.4:5", "unix://run/x", "unix:///", "/run/x", "", "unix:///" + String(repeating: "x", count: 200)])
    func endpointsThatAreNone(_ endpoint: String) {
        #expect(throws: KeyManagementError.self) { try KeyManagementClient(endpoint: endpoint, timeout: .seconds(1)) }
    }
}
