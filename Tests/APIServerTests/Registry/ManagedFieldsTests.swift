import JSON
import NIOHTTP1
import Testing

@testable import APIServer

private let maps = "/api/v1/namespaces/default/configmaps"
private let pods = "/api/v1/namespaces/default/pods"
private let merge = ["Content-Type": "application/merge-patch+json"]

@Suite("Managed fields of every write")
struct ManagedFieldsTests {
    @Test("create, update, patch and status")
    func writes() async throws {
        let server = try await TestServer()
        var made = try await server.created(
            "POST", pods, pod("p"), headers: ["User-Agent": "kubectl/v1.36.0 (linux/amd64) kubernetes/abc"])
        let created = try #require(managers(made)["kubectl/Update"])
        #expect(created.hasPrefix(#"{"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{}"#))
        // Defaults are the maker's; what admission adds and the status are nobody's.
        #expect(created.contains(#""f:dnsPolicy":{}"#))
        #expect(!created.contains("tolerations") && !created.contains("status"))
        made["status"] = ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]
        let running = try await server.created("PUT", pods + "/p/status?fieldManager=kubelet", made)
        #expect(
            managers(running)["kubelet/Update/status"]?.contains(#""k:{\"type\":\"Ready\"}":{".":{},"f:status":{},"f:type":{}}"#) == true)
        #expect(managers(running)["kubectl/Update"] == created)
        let labelled = try await server.created("PATCH", pods + "/p?fieldManager=label", ["metadata": ["labels": ["x": "y"]]], headers: merge)
        #expect(managers(labelled)["label/Update"] == #"{"f:metadata":{"f:labels":{".":{},"f:x":{}}}}"#)
        // The server's own steps are nobody's.
        let binding: JSONValue = ["metadata": ["name": "p"], "target": ["kind": "Node", "name": "n"]]
        _ = try await server.created("POST", pods + "/p/binding", binding)
        #expect(managers(try await server.get(pods + "/p")) == managers(labelled))
    }

    @Test("a manager's time moves with its changes, and only with them")
    func times() async throws {
        let server = try await TestServer()
        let first = try await server.created("POST", maps + "?fieldManager=a", ["metadata": ["name": "m"], "data": ["x": "1"]])
        server.clock.advance(10)
        let same = try await server.created("PUT", maps + "/m?fieldManager=b", ["metadata": ["name": "m"], "data": ["x": "1"]])
        #expect(same == first)
        let changed = try await server.created("PATCH", maps + "/m?fieldManager=b", ["data": ["y": "1"]], headers: merge)
        server.clock.advance(10)
        let again = try await server.created("PATCH", maps + "/m?fieldManager=b", ["data": ["y": "2"]], headers: merge)
        #expect(managers(again) == managers(changed))
        #expect(again.list("metadata", "managedFields").map { $0.text("time") } == ["2027-01-15T08:00:00Z", "2027-01-15T08:00:20Z"])
        server.clock.advance(10)
        let back = try await server.created("PATCH", maps + "/m?fieldManager=a", ["data": ["x": "2"]], headers: merge)
        #expect(back.list("metadata", "managedFields").map { $0.text("manager") } == ["b", "a"])
        let taken = try await server.created("PATCH", maps + "/m?fieldManager=a", ["data": ["y": "3"]], headers: merge)
        #expect(managers(taken) == ["a/Update": #"{"f:data":{".":{},"f:x":{},"f:y":{}}}"#])
        let removed = try await server.created("PATCH", maps + "/m?fieldManager=c", ["data": nil], headers: merge)
        #expect(managers(removed).isEmpty)
    }

    @Test("the list that a client sends")
    func sent() async throws {
        let server = try await TestServer()
        var object = try await server.created("POST", maps + "?fieldManager=a", ["metadata": ["name": "m"], "data": ["x": "1"]])
        let list = object.list("metadata", "managedFields")
        // Nonsense does not change it.
        object["metadata"]?["managedFields"] = [["manager": "z", "operation": "Delete", "apiVersion": "v1", "fieldsType": "FieldsV1"]]
        #expect(try await server.created("PUT", maps + "/m?fieldManager=a", object).list("metadata", "managedFields") == list)
        // Sense does.
        object["metadata"]?["managedFields"] = .array(
            list.map {
                var entry = $0
                entry["manager"] = "renamed"
                return entry
            })
        let renamed = try await server.created("PUT", maps + "/m?fieldManager=a", object)
        #expect(managers(renamed) == ["renamed/Update": #"{"f:data":{".":{},"f:x":{}}}"#])
        let copy: JSONValue = [
            "metadata": ["name": "copy", "managedFields": renamed.at("metadata", "managedFields") ?? []], "data": ["x": "1"],
        ]
        #expect(managers(try await server.created("POST", maps + "?fieldManager=b", copy)).keys.sorted() == ["b/Update"])
    }

    @Test("there are no more than ten who update")
    func ancientChanges() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", maps + "?fieldManager=m0", ["metadata": ["name": "m"], "data": ["k0": "v"]])
        for number in 1..<14 {
            server.clock.advance(1)
            _ = try await server.created("PATCH", maps + "/m?fieldManager=m\(number)", ["data": ["k\(number)": "v"]], headers: merge)
        }
        let object = try await server.get(maps + "/m")
        let found = managers(object)
        #expect(found.count == 10)
        #expect(found["ancient-changes/Update"] == #"{"f:data":{".":{},"f:k0":{},"f:k1":{},"f:k2":{},"f:k3":{},"f:k4":{}}}"#)
        #expect(found["m13/Update"] == #"{"f:data":{"f:k13":{}}}"#)
    }

    @Test(
        "names from user agents",
        arguments: [
            ("kubectl/v1.36 (x)", "kubectl"), ("", "unknown"), ("/x", "unknown"), ("a\u{7}b/c", "ab"), ("Go-http-client/1.1", "Go-http-client"),
            (String(repeating: "x", count: 200), String(repeating: "x", count: 128)),
        ])
    func userAgents(_ agent: String, _ name: String) throws {
        var request = APIRequest(method: "POST", path: "")
        request.headers = agent.isEmpty ? [:] : ["User-Agent": agent]
        #expect(FieldManagerName.of(request, WriteOptions()) == name)
    }

    @Test("the quick way and the long way come to the same")
    func quickly() async throws {
        let server = try await TestServer()
        var made = try await server.created("POST", pods + "?fieldManager=a", pod("p"))
        for round in 0..<4 {
            server.clock.advance(1)
            made["status"] = [
                "phase": "Running", "podIP": .string("10.0.0.\(round % 2)"),
                "conditions": [["type": "Ready", "status": .string(round == 2 ? "False" : "True")]],
            ]
            made["metadata"]?["resourceVersion"] = nil
            let written = try await server.created("PUT", pods + "/p/status?fieldManager=kubelet", made)
            #expect(written.at("status", "phase") == "Running")
            let times = written.list("metadata", "managedFields").map { $0.text("time") }
            #expect(times == ["2027-01-15T08:00:00Z", "2027-01-15T08:00:0\(round + 1)Z"])
            #expect(managers(written).count == 2)
        }
    }
}
