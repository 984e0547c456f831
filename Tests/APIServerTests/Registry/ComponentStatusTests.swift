import JSON
import KubernetesAPI
import NIOHTTP1
import Testing

@testable import APIServer

@Suite("componentstatuses")
struct ComponentStatusTests {
    private let path = "/api/v1/componentstatuses"

    private func server() async throws -> TestServer {
        try await TestServer(components: [
            ComponentProbe("scheduler") { .unhealthy("connection refused") }, ComponentProbe("controller-manager") { .healthy("ok") },
        ])
    }

    @Test func whatThePartsSay() async throws {
        let server = try await server()
        let list = await server.call("GET", path)
        #expect(list.headers["Warning"] == [#"299 - "v1 ComponentStatus is deprecated in v1.19+""#])
        #expect(
            list.body == [
                "kind": "ComponentStatusList", "apiVersion": "v1", "metadata": [:],
                "items": [
                    [
                        "metadata": ["name": "controller-manager"],
                        "conditions": [["type": "Healthy", "status": "True", "message": "ok"]],
                    ],
                    [
                        "metadata": ["name": "scheduler"],
                        "conditions": [["type": "Healthy", "status": "False", "message": "connection refused"]],
                    ],
                ],
            ])
        let one = await server.call("GET", path + "/scheduler")
        #expect(one.body.text("kind") == "ComponentStatus" && one.body.list("conditions").first?.text("status") == "False")
        let none = await server.call("GET", path + "/dns")
        #expect(none.status == 500 && none.message == "Component not found: dns")
        #expect(await server.call("GET", path + "?fieldSelector=metadata.name%3Dscheduler").body.list("items").count == 1)
        #expect(await server.call("GET", path + "?labelSelector=a").body.list("items").isEmpty)
        #expect(await server.call("GET", path + "?fieldSelector=x%3Dy").status == 400)
        #expect(await server.call("POST", path, ["metadata": ["name": "a"]]).status == 405)
        #expect(await server.call("GET", path + "?watch=1").status == 405)
    }

    @Test func everyForm() async throws {
        let server = try await server()
        let table = await server.call("GET", path, headers: ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"]).body
        #expect(table.list("columnDefinitions").map { $0.text("name") } == ["Name", "Status", "Message", "Error"])
        #expect(
            table.list("rows").map { $0.list("cells") } == [
                ["controller-manager", "Healthy", "ok", ""], ["scheduler", "Unhealthy", "connection refused", ""],
            ])
        let metadata = await server.call("GET", path, headers: ["Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"]).body
        #expect(metadata.list("items").map { $0.text("metadata", "name") } == ["controller-manager", "scheduler"])
        let message = await server.call("GET", path, headers: ["Accept": "application/vnd.kubernetes.protobuf"])
        #expect(message.status == 200 && message.bytes.starts(with: Array("k8s\0".utf8)) && message.text.contains("connection refused"))
        #expect(await server.call("GET", path, headers: ["Accept": "application/yaml"]).text.contains("name: scheduler"))
    }
}
