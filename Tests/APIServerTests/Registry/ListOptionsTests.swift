import JSON
import NIOHTTP1
import Testing

@testable import APIServer

/// What may be asked of lists and watches, and what is answered: `resourceVersion`, `resourceVersionMatch`, `limit`, `continue`, `sendInitialEvents`.
@Suite("Options of lists and watches")
struct ListOptionsTests {
    private static let path = "/api/v1/namespaces/default/configmaps"

    private static func invalid(_ words: String) -> String { "ListOptions.meta.k8s.io \"\" is invalid: " + words }

    struct Refusal: Sendable {
        let query: String
        let code: Int
        let words: String

        init(_ query: String, _ code: Int, _ words: String) {
            self.query = query
            self.code = code
            self.words = words
        }
    }

    private static let lists: [Refusal] = [
        Refusal(
            "resourceVersionMatch=Exact", 422,
            invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")),
        Refusal(
            "resourceVersionMatch=Exact&resourceVersion=0", 422,
            invalid(#"resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0""#)),
        Refusal(
            "resourceVersionMatch=Newest&resourceVersion=1", 422,
            invalid(#"resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", """#)),
        Refusal(
            "resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x", 422,
            invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")),
        Refusal(
            "sendInitialEvents=true", 422, invalid("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")),
        Refusal(
            "resourceVersion=new", 400,
            #"invalid resource version: resourceVersion: Invalid value: "new": strconv.ParseUint: parsing "new": invalid syntax"#),
        Refusal("continue=x", 400, "invalid continue token: continue key is not valid: the token cannot be read"),
        Refusal("fieldSelector=spec.x%3Dy", 400, "field label not supported: spec.x"),
    ]

    private static let watches: [Refusal] = [
        Refusal(
            "resourceVersionMatch=NotOlderThan", 422,
            invalid("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")),
        Refusal(
            "sendInitialEvents=true", 422,
            invalid("resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")),
        Refusal(
            "sendInitialEvents=false&resourceVersionMatch=Exact&resourceVersion=1", 422,
            invalid(
                #"[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]"#
            )),
        Refusal(
            "resourceVersion=-1", 400, #"resourceVersion: Invalid value: "-1": strconv.ParseUint: parsing "-1": invalid syntax"#),
    ]

    @Test("lists that are refused", arguments: lists)
    func refusedLists(_ refusal: Refusal) async throws {
        let reply = try await TestServer().call("GET", Self.path + "?" + refusal.query)
        #expect(reply.status == refusal.code)
        #expect(reply.message == refusal.words)
    }

    @Test("watches that are refused", arguments: watches)
    func refusedWatches(_ refusal: Refusal) async throws {
        let reply = try await TestServer().call("GET", Self.path + "?watch=1&" + refusal.query)
        #expect(reply.status == refusal.code)
        #expect(reply.message == refusal.words)
    }

    /// A server with three objects, and the revisions after the first and the last of them.
    private func server() async throws -> (TestServer, first: String, last: String) {
        let server = try await TestServer()
        var versions: [String] = []
        for name in ["a", "b", "c"] {
            versions.append(try await server.created("POST", Self.path, ["metadata": ["name": .string(name)]]).text("metadata", "resourceVersion"))
        }
        return (server, versions[0], versions[2])
    }

    private func names(_ list: JSONValue) -> [String] { list.list("items").map { $0.text("metadata", "name") } }

    @Test("which state a list shows")
    func states() async throws {
        let (server, first, last) = try await server()
        func list(_ query: String) async throws -> JSONValue { try await server.get(Self.path + "?" + query) }
        for query in ["", "resourceVersion=0", "resourceVersion=\(first)", "resourceVersion=\(first)&resourceVersionMatch=NotOlderThan"] {
            let newest = try await list(query)
            #expect(names(newest) == ["a", "b", "c"], "\(query)")
            #expect(newest.text("metadata", "resourceVersion") == last, "\(query)")
        }
        for query in ["resourceVersion=\(first)&resourceVersionMatch=Exact", "resourceVersion=\(first)&limit=5"] {
            let old = try await list(query)
            #expect(names(old) == ["a"], "\(query)")
            #expect(old.text("metadata", "resourceVersion") == first, "\(query)")
        }
        // Any state will do: there is no list that a second part could belong to.
        let whole = try await list("resourceVersion=0&limit=1")
        #expect(names(whole) == ["a", "b", "c"] && whole.at("metadata", "continue") == nil)
        let part = try await list("resourceVersion=\(first)&resourceVersionMatch=NotOlderThan&limit=2")
        #expect(names(part) == ["a", "b"] && part.number("metadata", "remainingItemCount") == 1)
        let rest = try await list("continue=\(part.text("metadata", "continue"))&limit=2")
        #expect(names(rest) == ["c"] && rest.text("metadata", "resourceVersion") == last && rest.at("metadata", "remainingItemCount") == nil)
        let mixed = await server.call("GET", Self.path + "?continue=\(part.text("metadata", "continue"))&resourceVersion=1")
        #expect(mixed.status == 400 && mixed.message == "specifying resource version is not allowed when using continue")
        #expect(await server.call("GET", Self.path + "/a?resourceVersion=x").status == 400)
        #expect(try await server.get(Self.path + "/a?resourceVersion=\(last)").text("metadata", "name") == "a")
    }

    @Test("where a watch begins")
    func beginnings() async throws {
        let (server, first, last) = try await server()
        func events(_ query: String, _ count: Int) async throws -> [String] {
            let lines = try server.watch(Self.path + "?watch=1&" + query)
            var seen: [String] = []
            for _ in 0..<count {
                guard let event = await lines.next() else { break }
                let object = event["object"] ?? .null
                let ends = object.at("metadata", "annotations")?.text("k8s.io/initial-events-end") == "true"
                seen.append(ends ? "END" : "\(event.text("type")) \(object.text("metadata", "name"))")
            }
            lines.finish()
            return seen
        }
        let all = ["ADDED a", "ADDED b", "ADDED c"]
        // Old clients that take bookmarks are told where the beginning ends, too.
        for query in ["allowWatchBookmarks=1", "allowWatchBookmarks=1&resourceVersion=0"] { #expect(try await events(query, 4) == all + ["END"]) }
        let streaming = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        for query in ["", "&resourceVersion=0", "&resourceVersion=\(first)", "&resourceVersion=\(last)"] {
            #expect(try await events(streaming + "&allowWatchBookmarks=true" + query, 4) == all + ["END"], "\(query)")
        }
        #expect(try await events("resourceVersion=\(first)", 2) == ["ADDED b", "ADDED c"])
        #expect(try await events("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=\(first)", 2) == ["ADDED b", "ADDED c"])
        // From a revision that is still to come: nothing before it.
        let future = try server.watch(Self.path + "?watch=1&resourceVersion=\((Int64(last) ?? 0) + 1)")
        _ = try await server.created("POST", Self.path, ["metadata": ["name": "d"]])
        _ = try await server.created("POST", Self.path, ["metadata": ["name": "e"]])
        #expect(await future.next()?.at("object", "metadata")?.text("name") == "e")
        future.finish()
        let now = try server.watch(Self.path + "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan")
        _ = try await server.created("POST", Self.path, ["metadata": ["name": "f"]])
        #expect(await now.next()?.at("object", "metadata")?.text("name") == "f")
        now.finish()
    }
}
