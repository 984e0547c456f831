import JSON
import KubernetesAPI
import Testing

@testable import APIServer

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
