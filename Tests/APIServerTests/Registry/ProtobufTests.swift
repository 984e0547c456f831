import JSON
import KubernetesAPI
import Testing

@testable import APIServer

/// Writes just enough protobuf for the tests.
private struct Message {
    var bytes: [UInt8] = []

    func text(_ number: UInt8, _ text: String) -> Message { data(number, Array(text.utf8)) }
    func message(_ number: UInt8, _ message: Message) -> Message { data(number, message.bytes) }
    func number(_ number: UInt8, _ value: UInt64) -> Message {
        var result = Message(bytes: bytes + [number << 3])
        result.bytes += varint(value)
        return result
    }
    func data(_ number: UInt8, _ data: [UInt8]) -> Message { Message(bytes: bytes + [number << 3 | 2] + varint(UInt64(data.count)) + data) }

    private func varint(_ value: UInt64) -> [UInt8] {
        var value = value
        var bytes: [UInt8] = []
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    /// With the envelope.
    func object(_ apiVersion: String, _ kind: String) -> [UInt8] {
        [0x6B, 0x38, 0x73, 0x00] + Message().message(1, Message().text(1, apiVersion).text(2, kind)).message(2, self).text(3, "").text(4, "").bytes
    }
}

private let protobuf = ["Content-Type": "application/vnd.kubernetes.protobuf", "Accept": "application/vnd.kubernetes.protobuf,application/json"]

@Suite("Objects in protobuf")
struct ProtobufTests {
    @Test("a config map")
    func configMap() async throws {
        let server = try await TestServer()
        let body = Message().message(1, Message().text(1, "a").text(2, "").text(3, ""))
            .message(2, Message().text(1, "k").text(2, "v")).message(2, Message().text(1, "l").text(2, ""))
            .object("v1", "ConfigMap")
        let reply = await server.call("POST", "/api/v1/namespaces/default/configmaps", bytes: body, headers: protobuf)
        #expect(reply.status == 201)
        let made = try ProtobufDocument.tree(reply.bytes)
        #expect(made["data"] == ["k": "v", "l": ""])
        #expect(made.at("metadata", "generateName") == nil)
    }

    @Test("zeros count where a field tells zero from absent")
    func zeros() throws {
        let spec = Message().number(1, 0).number(5, 0).number(6, 0)
        let tree = try ProtobufDocument.tree(Message().message(2, spec).object("apps/v1", "Deployment"))
        #expect(tree["spec"] == ["replicas": 0, "revisionHistoryLimit": 0])
    }

    @Test("deletion options")
    func deletion() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", "/api/v1/namespaces/default/configmaps", ["metadata": ["name": "a"]])
        let body = Message().text(4, "Foreground").object("v1", "DeleteOptions")
        let reply = await server.call("DELETE", "/api/v1/namespaces/default/configmaps/a", bytes: body, headers: protobuf)
        #expect(reply.status == 202)
    }
}
