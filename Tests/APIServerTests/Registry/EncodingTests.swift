import Foundation
import JSON
import KubernetesAPI
import NIOHTTP1
import Storage
import Testing

@testable import APIServer

private let configMaps = "/api/v1/namespaces/default/configmaps"
private let protobuf = ["Accept": "application/vnd.kubernetes.protobuf, */*"]
private let yaml = ["Accept": "application/yaml"]

/// Answers in the encodings that clients ask for, each compared with the answer in JSON.
@Suite("Encodings of answers")
struct EncodingTests {
    private func server() async throws -> TestServer {
        let server = try await TestServer()
        _ = try await server.created(
            "POST", configMaps, ["metadata": ["name": "a", "labels": ["l": "true"]], "data": ["k": "null", "two": "lines\nof text"]])
        return server
    }

    @Test("one object and a list in protobuf", arguments: ["", "/a"])
    func protobufAnswers(_ name: String) async throws {
        let server = try await server()
        for _ in 0..<2 {
            let reply = await server.call("GET", configMaps + name, headers: protobuf)
            #expect(reply.status == 200)
            #expect(reply.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
            #expect(try await ProtobufDocument.tree(reply.bytes) == server.get(configMaps + name))
        }
    }

    /// Metadata alone names its kind in a list, but not in protobuf.
    private func withoutKind(_ items: [JSONValue]) -> [JSONValue] {
        items.map { item in
            var item = item
            item["kind"] = nil
            item["apiVersion"] = nil
            return item
        }
    }

    @Test("failures are told in the client's encoding, even of resources that are not there", arguments: ["/api/v1/nothings", configMaps + "/none"])
    func failures(_ path: String) async throws {
        let server = try await server()
        let told = await server.call("GET", path)
        let message = await server.call("GET", path, headers: protobuf)
        #expect(message.status == 404)
        #expect(message.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
        #expect(try ProtobufDocument.tree(message.bytes).text("message") == told.message)
        let text = await server.call("GET", path, headers: yaml)
        #expect(text.status == 404 && text.text.contains("reason: NotFound"))
    }

    @Test("a scale in protobuf")
    func scale() async throws {
        let server = try await server()
        let path = "/api/v1/namespaces/default/replicationcontrollers"
        _ = try await server.created(
            "POST", path,
            [
                "metadata": ["name": "r"],
                "spec": [
                    "replicas": 2, "selector": ["a": "b"],
                    "template": ["metadata": ["labels": ["a": "b"]], "spec": ["containers": [["name": "c", "image": "x"]]]],
                ],
            ])
        let reply = await server.call("GET", path + "/r/scale", headers: protobuf)
        #expect(reply.headers.first(name: "Content-Type") == "application/vnd.kubernetes.protobuf")
        #expect(try ProtobufDocument.tree(reply.bytes).number("spec", "replicas") == 2)
    }

    @Test("what was written in protobuf")
    func writtenInProtobuf() async throws {
        let server = try await server()
        let reply = await server.call("POST", configMaps, ["metadata": ["name": "b"]], headers: protobuf)
        #expect(reply.status == 201)
        #expect(try await ProtobufDocument.tree(reply.bytes) == server.get(configMaps + "/b"))
        let deleted = await server.call("DELETE", configMaps + "/b", headers: protobuf)
        let status = try ProtobufDocument.tree(deleted.bytes)
        #expect(status.text("kind") == "Status")
        #expect(status.text("status") == "Success")
        #expect(status.text("details", "name") == "b")
    }

    @Test("metadata only in protobuf, and no tables")
    func metadataInProtobuf() async throws {
        let server = try await server()
        let form = "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        let reply = await server.call("GET", configMaps, headers: ["Accept": "application/vnd.kubernetes.protobuf;\(form)"])
        let same = try await server.created("GET", configMaps, headers: ["Accept": "application/json;\(form)"])
        #expect(try ProtobufDocument.tree(reply.bytes).list("items") == withoutKind(same.list("items")))
        let table = ["Accept": "application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io"]
        #expect(await server.call("GET", configMaps, headers: table).status == 406)
    }

    @Test(
        "a list names the kind once, in whatever order its objects were written",
        arguments: [
            #"{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"b"}}"#, #"{"apiVersion":"v1","metadata":{"name":"b"},"kind":"ConfigMap"}"#,
            #"{"metadata":{"name":"b"}}"#,
        ])
    func itemsWithoutKind(_ body: String) async throws {
        let server = try await server()
        #expect(await server.call("POST", configMaps, try JSONValue(parsing: Array(body.utf8))).status == 201)
        for accept in ["application/json", "application/json;pretty=1", "application/yaml"] {
            let reply = await server.call("GET", configMaps, headers: ["Accept": accept])
            let text = reply.text
            #expect(text.contains("ConfigMapList"))
            #expect(text.components(separatedBy: "kind").count == 2, "\(text)")
            for item in accept.hasSuffix("yaml") ? [] : try JSONValue(parsing: reply.bytes).list("items") { #expect(item["apiVersion"] == nil) }
            #expect(text.contains("two") && text.contains("resourceVersion"))
        }
        #expect(try await server.get(configMaps + "/b").text("kind") == "ConfigMap")
    }

    @Test("whoever wrote an object, it is kept with its kind at the beginning")
    func keptInOneOrder() async throws {
        let server = try await server()
        let apply = ["Content-Type": "application/apply-patch+yaml"]
        let body = Array(#"{"metadata":{"name":"c"},"kind":"ConfigMap","apiVersion":"v1"}"#.utf8)
        #expect(await server.call("PATCH", configMaps + "/c?fieldManager=me", bytes: body, headers: apply).status == 201)
        let kept = try await server.store.range(RangeRequest(KeyRange(prefix: "/registry/"))).keyValues
            .map { (key: $0.key, text: String(decoding: $0.value, as: UTF8.self)) }.filter { $0.text.contains(#""kind":"#) }
        #expect(kept.contains { $0.key.hasSuffix("/c") } && kept.contains { $0.key.contains("/namespaces/") })
        for object in kept {
            #expect(object.text.firstMatch(of: /^\{"(apiVersion|kind)":"[^"]*","(apiVersion|kind)":/) != nil, "\(object.key)")
        }
    }

    @Test("YAML")
    func yamlAnswers() async throws {
        let server = try await server()
        for path in [configMaps, configMaps + "/a"] {
            let reply = await server.call("GET", path, headers: yaml)
            #expect(reply.headers.first(name: "Content-Type") == "application/yaml")
            var issues: [String] = []
            #expect(try await YAMLDocument.tree(reply.bytes, issues: &issues) == server.get(path))
            #expect(issues.isEmpty)
        }
        // What looks like another type keeps its quotes.
        let text = await server.call("GET", configMaps + "/a", headers: yaml).text
        #expect(text.contains("k: 'null'"))
        #expect(text.contains("l: 'true'"))
        #expect(text.hasPrefix("apiVersion: v1\ndata:\n"))
        #expect(await server.call("GET", configMaps + "?watch=1", headers: yaml).status == 406)
    }

    @Test("JSON for people")
    func pretty() async throws {
        let server = try await server()
        let reply = await server.call("GET", configMaps + "/a?pretty=true")
        #expect(reply.text.hasPrefix("{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"ConfigMap\",\n  \"metadata\": {\n    \""), "\(reply.text)")
        #expect(try await reply.body == server.get(configMaps + "/a"))
        #expect(await !server.call("GET", configMaps + "/a?pretty=false").text.contains("\n  "))
    }

    @Test(
        "the dearest wish that can be met",
        arguments: [
            ("application/json;q=0.5,application/yaml", "application/yaml"), ("text/html,*/*;q=0.8", "application/json"),
            ("application/cbor,application/vnd.kubernetes.protobuf,application/json", "application/vnd.kubernetes.protobuf"),
            ("application/*", "application/json"),
        ])
    func wishes(_ accept: String, _ type: String) async throws {
        let server = try await server()
        #expect(await server.call("GET", configMaps + "/a", headers: ["Accept": accept]).headers.first(name: "Content-Type") == type)
    }

    @Test("a watch in protobuf")
    func watch() async throws {
        let server = try await server()
        let frames = Frames()
        try server.send(
            "GET", configMaps + "?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
            headers: protobuf, frames)
        var events = frames.events.makeAsyncIterator()
        let first = try #require(await events.next())
        #expect(first.type == "ADDED")
        #expect(try await ProtobufDocument.tree(first.object) == server.get(configMaps + "/a"))
        let bookmark = try #require(await events.next())
        #expect(bookmark.type == "BOOKMARK")
        #expect(try ProtobufDocument.tree(bookmark.object).at("metadata", "annotations", "k8s.io/initial-events-end") == "true")
        _ = try await server.created("DELETE", configMaps + "/a")
        #expect(await events.next()?.type == "DELETED")
        #expect(frames.contentType == "application/vnd.kubernetes.protobuf;stream=watch")
        frames.finish()
    }
}
