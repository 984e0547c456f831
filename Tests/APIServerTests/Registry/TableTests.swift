import JSON
import Testing

@testable import APIServer

private let tables = ["Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"]

@Suite("Tables and metadata")
struct TableTests {
    @Test("pods as a table")
    func pods() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", "/api/v1/namespaces/default/pods", pod("p"))
        server.clock.advance(200)
        let table = try await server.created("GET", "/api/v1/namespaces/default/pods", headers: tables)
        #expect(table.text("kind") == "Table")
        #expect(table.text("apiVersion") == "meta.k8s.io/v1")
        #expect(
            table.list("columnDefinitions").map { $0.text("name") }
                == ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node", "Nominated Node", "Readiness Gates"])
        let row = table.list("rows")[0]
        #expect(row.list("cells") == ["p", "0/1", "Pending", "0", "3m20s", "<none>", "<none>", "<none>", "<none>"])
        #expect(row.text("object", "kind") == "PartialObjectMetadata")
        #expect(row.text("object", "metadata", "name") == "p")
    }

    @Test(
        "the status of a pod",
        arguments: [
            (#"{"status":{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":0,"state":{"running":{}}}]}}"#, "Running", "1/1"),
            (#"{"status":{"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}"#, "ImagePullBackOff", "0/1"),
            (#"{"status":{"phase":"Running","containerStatuses":[{"state":{"terminated":{"exitCode":2}}}]}}"#, "ExitCode:2", "0/1"),
            (
                #"{"status":{"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"exitCode":0,"reason":"Completed"}}}]}}"#, "Completed",
                "0/1"
            ),
            (#"{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Running"}}"#, "Terminating", "0/1"),
            (
                #"{"spec":{"containers":[{}],"initContainers":[{"name":"i"},{"name":"j"}]},"status":{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},{"name":"j","state":{"running":{}}}]}}"#,
                "Init:1/2", "0/1"
            ),
            (#"{"status":{"phase":"Failed","reason":"Evicted"}}"#, "Evicted", "0/1"),
        ])
    func podStatus(text: String, reason: String, ready: String) throws {
        var pod = try JSONValue(parsing: text)
        pod.setDefault("spec", ["containers": [[:]]])
        let summary = PodTable.Summary(pod)
        #expect(summary.reason == reason)
        #expect("\(summary.ready)/\(summary.total)" == ready)
    }

    @Test("metadata only, and forms nobody can give")
    func metadata() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", "/api/v1/namespaces/default/configmaps", ["metadata": ["name": "a"], "data": ["k": "v"]])
        let list = try await server.created(
            "GET", "/api/v1/namespaces/default/configmaps", headers: ["Accept": "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"])
        #expect(list.text("kind") == "PartialObjectMetadataList")
        #expect(list.list("items")[0]["data"] == nil)
        // From an object's bytes as from its tree.
        let storage = try #require(server.registry.storage(group: "", resource: "configmaps"))
        let entry = try #require(storage.entry(namespace: "default", name: "a"))
        let bytes = try #require(PartialMetadata.bytes(of: entry, version: "v1"))
        #expect(try JSONValue(parsing: bytes) == PartialMetadata.object(entry.tree, version: "v1"))
        let refused = await server.call("GET", "/api/v1/namespaces/default/configmaps", headers: ["Accept": "image/png"])
        #expect(refused.status == 406)
        #expect(refused.reason == "NotAcceptable")
    }

    @Test(
        "ages",
        arguments: [
            (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (601, "10m"), (10_800, "3h"), (11_100, "3h5m"), (90_000, "25h"), (200_000, "2d7h"),
            (800_000, "9d"),
        ]
            as [(Int64, String)])
    func ages(seconds: Int64, text: String) {
        #expect(HumanDuration.text(seconds: seconds) == text)
    }

    @Test("every column has a cell, for every kind")
    func columns() {
        for (name, strategy) in KindTable.strategies {
            #expect(strategy.table.cells(["metadata": ["name": "x"]]).count == strategy.table.columns.count, "\(name)")
        }
    }

    @Test("a watch of tables sends the columns once")
    func watch() async throws {
        let server = try await TestServer()
        let lines = try server.watch("/api/v1/namespaces/default/configmaps?watch=1", headers: tables)
        for name in ["a", "b"] {
            _ = try await server.created("POST", "/api/v1/namespaces/default/configmaps", ["metadata": ["name": .string(name)]])
        }
        let first = try #require(await lines.next())
        #expect(first.list("object", "columnDefinitions").count == 3)
        let second = try #require(await lines.next())
        #expect(second.list("object", "columnDefinitions").isEmpty)
        #expect(second.list("object", "rows")[0].list("cells")[0] == "b")
        lines.finish()
    }
}
