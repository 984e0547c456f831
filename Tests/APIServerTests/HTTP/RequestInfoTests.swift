import Testing

@testable import APIServer

@Suite struct RequestInfoTests {
    /// Method, target, and what must come out: verb, prefix, group, version, namespace, resource, subresource, name.
    private static let table: [(String, String, [String])] = [
        ("GET", "/api/v1/namespaces", ["list", "api", "", "v1", "", "namespaces", "", ""]),
        ("GET", "/api/v1/namespaces/other", ["get", "api", "", "v1", "other", "namespaces", "", "other"]),
        ("GET", "/api/v1/namespaces/other/pods", ["list", "api", "", "v1", "other", "pods", "", ""]),
        ("GET", "/api/v1/namespaces/other/pods/foo", ["get", "api", "", "v1", "other", "pods", "", "foo"]),
        ("HEAD", "/api/v1/namespaces/other/pods/foo", ["get", "api", "", "v1", "other", "pods", "", "foo"]),
        ("GET", "/api/v1/pods", ["list", "api", "", "v1", "", "pods", "", ""]),
        ("GET", "/api/v1/namespaces/other/pods/foo/log?follow=1", ["get", "api", "", "v1", "other", "pods", "log", "foo"]),
        ("GET", "/api/v1/namespaces/other/pods/foo/proxy/a/b", ["get", "api", "", "v1", "other", "pods", "proxy", "foo"]),
        ("PUT", "/api/v1/namespaces/other/finalize", ["update", "api", "", "v1", "other", "namespaces", "finalize", "other"]),
        ("PATCH", "/api/v1/namespaces/other/status", ["patch", "api", "", "v1", "other", "namespaces", "status", "other"]),
        ("POST", "/api/v1/namespaces/other/pods", ["create", "api", "", "v1", "other", "pods", "", ""]),
        ("DELETE", "/api/v1/namespaces/other/pods", ["deletecollection", "api", "", "v1", "other", "pods", "", ""]),
        ("DELETE", "/api/v1/namespaces/other/pods/foo", ["delete", "api", "", "v1", "other", "pods", "", "foo"]),
        ("GET", "/apis/apps/v1/namespaces/other/deployments/d/scale", ["get", "apis", "apps", "v1", "other", "deployments", "scale", "d"]),
        ("GET", "/apis/apps/v1/deployments?watch=true", ["watch", "apis", "apps", "v1", "", "deployments", "", ""]),
        ("GET", "/apis/apps/v1/deployments?watch=0", ["list", "apis", "apps", "v1", "", "deployments", "", ""]),
        ("GET", "/apis/apps/v1/deployments?watch", ["watch", "apis", "apps", "v1", "", "deployments", "", ""]),
        ("GET", "/api/v1/watch/namespaces/other/pods", ["watch", "api", "", "v1", "other", "pods", "", ""]),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name%3Dfoo", ["list", "api", "", "v1", "", "pods", "", "foo"]),
        ("GET", "/api/v1/pods?watch=1&fieldSelector=metadata.name==foo", ["watch", "api", "", "v1", "", "pods", "", "foo"]),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name!=foo", ["list", "api", "", "v1", "", "pods", "", ""]),
        ("GET", "/api/v1/pods?fieldSelector=metadata.name=a/b", ["list", "api", "", "v1", "", "pods", "", ""]),
        ("GET", "//api/v1/pods//", ["list", "api", "", "v1", "", "pods", "", ""]),
    ]

    @Test(arguments: 0..<table.count) func resourceRequests(index: Int) throws {
        let (method, target, want) = Self.table[index]
        let info = try resolve(method, target)
        #expect(info.isResourceRequest)
        #expect(
            [info.verb, info.apiPrefix, info.apiGroup, info.apiVersion, info.namespace, info.resource, info.subresource, info.name] == want,
            "\(target)"
        )
    }

    @Test(arguments: ["/", "/api", "/api/v1", "/apis", "/apis/apps", "/apis/apps/v1", "/healthz", "/version/", "/openapi/v2", "/api/v1/"])
    func otherRequests(target: String) throws {
        let info = try resolve("GET", target)
        #expect(!info.isResourceRequest)
        #expect(info.verb == "get")
    }

    @Test func aWatchPathNeedsMore() {
        #expect(throws: APIStatus.self) { try resolve("GET", "/api/v1/watch") }
    }

    private func resolve(_ method: String, _ target: String) throws -> RequestInfo {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        return try RequestInfo(method: method, path: parts[0], query: QueryItems(parsing: parts.count > 1 ? parts[1] : ""))
    }
}

@Suite struct QueryItemsTests {
    @Test func readsPairs() {
        let query = QueryItems(parsing: "a=1&b=x%20y+z&a=2&c&=d&bad=%zz&e=%C3%A4&f=1;2")
        #expect(query["a"] == "1")
        #expect(query.all("a") == ["1", "2"])
        #expect(query["b"] == "x y z")
        #expect(query["c"] == "")
        #expect(query["bad"] == nil)
        #expect(query["e"] == "ä")
        #expect(query["f"] == nil)
        #expect(QueryItems(parsing: query.encoded) == query)
    }

    @Test(arguments: [("x=%FF", nil), ("x=%C3%A4", "ä"), ("x=%", nil), ("x=%4", nil)] as [(String, String?)])
    func escapes(text: String, value: String?) {
        #expect(QueryItems(parsing: text)["x"] == value)
    }
}

@Suite struct APIStatusTests {
    @Test func wordsAsUpstream() {
        let table: [(APIStatus, Int, String, String)] = [
            (.notFound(group: "", resource: "pods", name: "x"), 404, "NotFound", #"pods "x" not found"#),
            (.alreadyExists(group: "apps", resource: "deployments", name: "x"), 409, "AlreadyExists", #"deployments.apps "x" already exists"#),
            (
                .staleRevision(group: "", resource: "pods", name: "x"), 409, "Conflict",
                #"Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to the latest version and try again"#
            ),
            (
                .invalid(group: "", kind: "Pod", name: "x", causes: [.init(reason: "FieldValueRequired", message: "Required value", field: "spec")]),
                422,
                "Invalid", #"Pod "x" is invalid: spec: Required value"#
            ),
            (
                .invalid(
                    group: "apps", kind: "Deployment", name: "x",
                    causes: [.init(reason: "", message: "A", field: "a"), .init(reason: "", message: "B", field: "b")]), 422, "Invalid",
                #"Deployment.apps "x" is invalid: [a: A, b: B]"#
            ),
        ]
        for (status, code, reason, message) in table {
            #expect(status.code == code)
            #expect(status.reason == reason)
            #expect(status.message == message)
        }
    }

    @Test func json() {
        let status = APIStatus.notFound(group: "", resource: "pods", name: "a\"b\n")
        #expect(
            String(decoding: status.jsonBytes, as: UTF8.self)
                == #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"a\\\"b\\n\" not found","reason":"NotFound","details":{"name":"a\"b\n","kind":"pods"},"code":404}"#
        )
    }
}
