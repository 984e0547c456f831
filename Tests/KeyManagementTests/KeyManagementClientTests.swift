import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import Testing

@testable import KeyManagement

/// A plug-in behind a real socket: "encrypts" by turning the bytes around.
private struct Plugin: RegistrableRPCService {
    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        func register(_ method: String, _ answer: @escaping @Sendable ([UInt8]) throws -> [UInt8]) {
            router.registerHandler(
                forMethod: MethodDescriptor(fullyQualifiedService: "v2.KeyManagementService", method: method), deserializer: RawMessages(),
                serializer: RawMessages()
            ) { request, _ in
                let single = try await ServerRequest(stream: request)
                return StreamingServerResponse(single: ServerResponse(message: try answer(single.message)))
            }
        }
        register("Status") { _ in
            var writer = ProtobufWriter()
            writer.field(1, "v2")
            writer.field(2, "ok")
            writer.field(3, "key-1")
            return writer.bytes
        }
        register("Encrypt") { message in
            // The request and the answer have the same fields 1 and 2: bytes and a text.
            let asked = try Messages.encryptResponse(message)
            if asked.ciphertext.isEmpty { throw RPCError(code: .invalidArgument, message: "nothing to encrypt") }
            var writer = ProtobufWriter()
            writer.field(1, Array(asked.ciphertext.reversed()))
            writer.field(2, "key-1")
            writer.field(3, ["id.example.com": Array(asked.keyID.utf8)])
            return writer.bytes
        }
        register("Decrypt") { message in
            var reader = ProtobufReader(message)
            var fields: [UInt64: ProtobufReader.Value] = [:]
            while let field = try reader.next() { fields[field.number] = field.value }
            guard fields[3]?.text == "key-1", fields[4] != nil else { throw RPCError(code: .notFound, message: "no such key") }
            var writer = ProtobufWriter()
            writer.field(1, Array((fields[1]?.bytes ?? []).reversed()))
            return writer.bytes
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
