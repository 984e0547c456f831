import APIServer
import JSON
import NIOHTTP1
import Synchronization
import Testing

@testable import KubernetesAPI

@Suite struct OpenAPITests {
    private static let documents = OpenAPIDocuments(catalog: .builtIn, version: "v1.36.0")

    @Test func indexNamesEveryGroupVersion() throws {
        let paths = try #require(JSONValue(parsing: Self.documents.index())["paths"]?.objectValue)
        #expect(paths["api/v1"]?["serverRelativeURL"]?.stringValue == "/openapi/v3/api/v1?hash=\(Self.documents.hash)")
        for name in paths.keys { #expect(Self.documents.groupVersion(name) != nil, "\(name)") }
        #expect(Self.documents.groupVersion("apis/apps/v7") == nil)
        #expect(Self.documents.groupVersion("") == nil)
    }

    @Test func everyReferenceResolves() throws {
        let index = try #require(JSONValue(parsing: Self.documents.index())["paths"]?.objectValue)
        for name in index.keys {
            let document = try JSONValue(parsing: #require(Self.documents.groupVersion(name)))
            let schemas = try #require(document["components"]?["schemas"]?.objectValue)
            check(document, schemas, prefix: "#/components/schemas/", name)
        }
        let document = try JSONValue(parsing: Self.documents.v2())
        check(document, try #require(document["definitions"]?.objectValue), prefix: "#/definitions/", "v2")
    }

    private func check(_ value: JSONValue, _ schemas: JSONObject, prefix: String, _ name: String) {
        switch value {
        case .array(let elements):
            for element in elements { check(element, schemas, prefix: prefix, name) }
        case .object(let members):
            if let target = members["$ref"]?.stringValue {
                #expect(target.hasPrefix(prefix) && schemas.contains(String(target.dropFirst(prefix.count))), "\(target) in \(name)")
                #expect(members.count == 1 || prefix == "#/definitions/", "\(target) in \(name) has members beside it")
            }
            for (_, member) in members { check(member, schemas, prefix: prefix, name) }
        default: break
        }
    }

    /// What kubectl looks for before it leaves validation to the server.
    @Test func everyPatchTakesFieldValidation() throws {
        let document = try JSONValue(parsing: #require(Self.documents.groupVersion("apis/apps/v1")))
        var patches = 0
        for (path, item) in try #require(document["paths"]?.objectValue) {
            guard let patch = item["patch"] else { continue }
            patches += 1
            #expect(patch["parameters"]?.arrayValue?.contains { $0["name"] == "fieldValidation" } == true, "\(path)")
            #expect(patch["x-kubernetes-group-version-kind"]?["kind"]?.stringValue != nil, "\(path)")
        }
        #expect(patches > 10)
    }

    @Test func knownFacts() throws {
        let document = try JSONValue(parsing: #require(Self.documents.groupVersion("api/v1")))
        let list = try #require(document["paths"]?["/api/v1/namespaces/{namespace}/pods"]?["get"])
        #expect(list["operationId"] == "listCoreV1NamespacedPod")
        #expect(list["x-kubernetes-action"] == "list")
        #expect(list["x-kubernetes-group-version-kind"] == ["group": "", "kind": "Pod", "version": "v1"])
        #expect(document["paths"]?["/api/v1/pods"]?["get"]?["operationId"] == "listCoreV1PodForAllNamespaces")
        #expect(document["paths"]?["/api/v1/namespaces/{namespace}/pods"]?["delete"]?["operationId"] == "deleteCoreV1CollectionNamespacedPod")
        #expect(document["paths"]?["/api/v1/namespaces/{namespace}/pods/{name}/exec"]?["post"]?["x-kubernetes-action"] == "connect")
        let containers = try #require(document["components"]?["schemas"]?["io.k8s.api.core.v1.PodSpec"]?["properties"]?["containers"])
        #expect(containers["x-kubernetes-patch-merge-key"] == "name")
        #expect(containers["x-kubernetes-patch-strategy"] == "merge")
        #expect(containers["x-kubernetes-list-type"] == "map")
        #expect(containers["description"]?.stringValue?.isEmpty == false)
        #expect(document["components"]?["schemas"]?["io.k8s.api.core.v1.PodList"]?["x-kubernetes-group-version-kind"]?[0]?["kind"] == "PodList")
    }

    @Test func theProtobufFormSaysTheSame() throws {
        let document = try JSONValue(parsing: Self.documents.v2())
        let bytes = try Self.documents.v2Protobuf()
        #expect(try Self.fields(2, of: Self.first(8, of: bytes[...])).count == document["paths"]?.objectValue?.count)
        let schemas = try Self.fields(1, of: Self.first(9, of: bytes[...]))
        #expect(schemas.count == document["definitions"]?.objectValue?.count)
        let name = "io.k8s.api.core.v1.PodSpec"
        let schema = try Self.entry(name, of: schemas)
        #expect(try Self.text(4, of: schema) == document["definitions"]?[name]?["description"]?.stringValue)
        let containers = try Self.entry("containers", of: Self.fields(1, of: Self.first(25, of: schema)))
        #expect(try Self.text(1, of: Self.first(22, of: containers)) == "array")
        let key = try Self.entry("x-kubernetes-patch-merge-key", of: Self.fields(31, of: containers))
        #expect(try Self.text(2, of: key) == "\"name\"\n")
    }

    private struct Missing: Error {
        let what: String
    }

    /// The values of a field of bytes.
    private static func fields(_ number: Int, of message: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
        var reader = ProtobufReader(message)
        var found: [ArraySlice<UInt8>] = []
        while let field = try reader.next() {
            if case .bytes(let value) = field.value, field.number == number { found.append(value) }
        }
        return found
    }

    private static func first(_ number: Int, of message: ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        guard let value = try fields(number, of: message).first else { throw Missing(what: "field \(number)") }
        return value
    }

    /// The value of a name among entries.
    private static func entry(_ name: String, of entries: [ArraySlice<UInt8>]) throws -> ArraySlice<UInt8> {
        for entry in entries where try text(1, of: entry) == name { return try first(2, of: entry) }
        throw Missing(what: name)
    }

    private static func text(_ number: Int, of message: ArraySlice<UInt8>) throws -> String? {
        try fields(number, of: message).first.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func operationIdsAreUnique() throws {
        let document = try JSONValue(parsing: Self.documents.v2())
        var seen: Set<String> = []
        for (path, item) in try #require(document["paths"]?.objectValue) {
            for (_, operation) in item.objectValue ?? [:] {
                guard let id = operation["operationId"]?.stringValue else { continue }
                #expect(seen.insert(id).inserted, "\(id) at \(path)")
            }
        }
        #expect(seen.count > 500)
    }

    @Test(
        arguments: [
            ("GET", "/openapi/v3", [:], 200), ("GET", "/openapi/v3/", ["Accept": "*/*"], 200), ("GET", "/openapi/v3/apis/apps/v1", [:], 200),
            ("GET", "/openapi/v3/apis/none/v1", [:], 404), ("POST", "/openapi/v3", [:], 405),
            ("GET", "/openapi/v2", ["Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"], 200),
            ("GET", "/openapi/v2", ["Accept": "application/xml"], 406),
            ("GET", "/openapi/v3/apis/apps/v1", ["Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"], 406),
            ("GET", "/openapi/v2", ["Accept": "application/com.github.proto-openapi.spec.v2@v1.0+protobuf, application/json;q=0.5"], 200),
            ("GET", "/openapi/v3", ["If-None-Match": "\"\(OpenAPITests.documents.hash)\""], 304),
        ] as [(String, String, [String: String], Int)])
    func answers(_ method: String, _ path: String, _ headers: [String: String], _ status: Int) {
        let responder = RecordingResponder()
        let request = APIRequest(method: method, path: path, headers: HTTPHeaders(headers.map { ($0.key, $0.value) }))
        OpenAPIHandler(Self.documents).handle(request, responder)
        #expect(responder.status == status)
    }
}

private final class RecordingResponder: Responder {
    private let recorded = Mutex(0)
    var status: Int { recorded.withLock { $0 } }

    func respond(status: Int, headers: HTTPHeaders, body: [UInt8]) { recorded.withLock { $0 = status } }

    func stream(status: Int, headers: HTTPHeaders) -> any StreamWriter {
        recorded.withLock { $0 = status }
        return NoStream()
    }

    private struct NoStream: StreamWriter {
        func write(_ bytes: [UInt8]) {}
        func finish() {}
        var isWritable: Bool { true }
        var pendingBytes: Int { 0 }
        func onClose(_ f: @escaping @Sendable () -> Void) { f() }
        func onWritable(_ f: @escaping @Sendable () -> Void) {}
    }
}
