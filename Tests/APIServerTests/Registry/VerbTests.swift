import JSON
import Storage
import Testing

@testable import APIServer

private let pods = "/api/v1/namespaces/default/pods"
private let maps = "/api/v1/namespaces/default/configmaps"

func pod(_ name: String, image: String = "nginx", labels: JSONValue = [:]) -> JSONValue {
    [
        "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "labels": labels],
        "spec": ["containers": [["name": "main", "image": .string(image)]]],
    ]
}

@Suite("Verbs of the registry")
struct VerbTests {
    @Test("create answers with what the server added, and get finds it")
    func create() async throws {
        let server = try await TestServer()
        let reply = await server.call("POST", maps, ["metadata": ["name": "a"], "data": ["k": "v"]])
        #expect(reply.status == 201)
        #expect(reply.body.text("kind") == "ConfigMap")
        #expect(reply.body.text("apiVersion") == "v1")
        #expect(reply.body.text("metadata", "uid").count == 36)
        #expect(reply.body.text("metadata", "creationTimestamp") == "2027-01-15T08:00:00Z")
        #expect(reply.body.text("metadata", "namespace") == "default")
        #expect(Int64(reply.body.text("metadata", "resourceVersion")) ?? 0 > 0)
        let found = await server.call("GET", maps + "/a")
        #expect(found.status == 200)
        #expect(found.body == reply.body)
    }

    @Test("names that are taken, missing, wrong or generated")
    func names() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", maps, ["metadata": ["name": "a"]])
        let taken = await server.call("POST", maps, ["metadata": ["name": "a"]])
        #expect(taken.status == 409)
        #expect(taken.reason == "AlreadyExists")
        #expect(taken.message == "configmaps \"a\" already exists")
        let missing = await server.call("POST", maps, ["data": [:]])
        #expect(missing.status == 422)
        #expect(missing.message == "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required")
        let wrong = await server.call("POST", maps, ["metadata": ["name": "A_b"]])
        #expect(wrong.status == 422)
        #expect(wrong.message.hasPrefix("ConfigMap \"A_b\" is invalid: metadata.name: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must"))
        let generated = try await server.created("POST", maps, ["metadata": ["generateName": "gen-"]])
        #expect(generated.text("metadata", "name").hasPrefix("gen-"))
        #expect(generated.text("metadata", "name").count == 9)
        let elsewhere = await server.call("POST", maps, ["metadata": ["name": "x", "namespace": "other"]])
        #expect(elsewhere.status == 400)
        #expect(elsewhere.message == "the namespace of the provided object does not match the namespace sent on the request")
    }

    @Test("not found")
    func notFound() async throws {
        let server = try await TestServer()
        let reply = await server.call("GET", pods + "/nope")
        #expect(reply.status == 404)
        #expect(reply.message == "pods \"nope\" not found")
        #expect(reply.body.at("details") == ["name": "nope", "kind": "pods"])
        let deployment = await server.call("GET", "/apis/apps/v1/namespaces/default/deployments/nope")
        #expect(deployment.message == "deployments.apps \"nope\" not found")
        let namespace = await server.call("POST", "/api/v1/namespaces/nope/configmaps", ["metadata": ["name": "a"]])
        #expect(namespace.status == 404)
        #expect(namespace.message == "namespaces \"nope\" not found")
    }

    @Test("update: versions, conflicts and no-ops")
    func update() async throws {
        let server = try await TestServer()
        let first = try await server.created("POST", maps, ["metadata": ["name": "a"], "data": ["k": "1"]])
        var changed = first
        changed["data"]?["k"] = "2"
        let second = try await server.created("PUT", maps + "/a", changed)
        #expect(second.text("data", "k") == "2")
        #expect(second.text("metadata", "uid") == first.text("metadata", "uid"))
        let stale = await server.call("PUT", maps + "/a", changed)
        #expect(stale.status == 409)
        #expect(
            stale.message
                == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again"
        )
        let same = try await server.created("PUT", maps + "/a", second)
        #expect(same == second)
        let unconditional = try await server.created("PUT", maps + "/a", ["metadata": ["name": "a"], "data": ["k": "3"]])
        #expect(unconditional.text("data", "k") == "3")
        #expect(unconditional.text("metadata", "creationTimestamp") == first.text("metadata", "creationTimestamp"))
        let misnamed = await server.call("PUT", maps + "/b", ["metadata": ["name": "a"]])
        #expect(misnamed.status == 400)
        #expect(misnamed.message == "the name of the object (a) does not match the name on the URL (b)")
        let absent = await server.call("PUT", maps + "/c", ["metadata": ["name": "c"]])
        #expect(absent.status == 404)
        let lease = await server.call(
            "PUT", "/apis/coordination.k8s.io/v1/namespaces/default/leases/l", ["metadata": ["name": "l"], "spec": ["holderIdentity": "x"]])
        #expect(lease.status == 201)
    }

    @Test("dry run changes nothing")
    func dryRun() async throws {
        let server = try await TestServer()
        let reply = await server.call("POST", maps + "?dryRun=All", ["metadata": ["name": "a"]])
        #expect(reply.status == 201)
        #expect(await server.call("GET", maps + "/a").status == 404)
        let first = try await server.created("POST", maps, ["metadata": ["name": "a"]])
        _ = try await server.created("DELETE", maps + "/a?dryRun=All")
        #expect(try await server.get(maps + "/a") == first)
        let wrong = await server.call("POST", maps + "?dryRun=Some", ["metadata": ["name": "b"]])
        #expect(wrong.status == 422)
    }

    @Test("list in pages, with selectors")
    func list() async throws {
        let server = try await TestServer()
        for number in 0..<7 {
            _ = try await server.created(
                "POST", maps, ["metadata": ["name": .string("m\(number)"), "labels": ["odd": .string(number % 2 == 1 ? "yes" : "no")]]])
        }
        let first = try await server.get(maps + "?limit=3")
        #expect(first.text("kind") == "ConfigMapList")
        #expect(first.list("items").map { $0.text("metadata", "name") } == ["m0", "m1", "m2"])
        #expect(first.number("metadata", "remainingItemCount") == 4)
        // What comes in between is not in the later pages.
        _ = try await server.created("POST", maps, ["metadata": ["name": "m9"]])
        let second = try await server.get(maps + "?limit=10&continue=" + first.text("metadata", "continue"))
        #expect(second.list("items").map { $0.text("metadata", "name") } == ["m3", "m4", "m5", "m6"])
        #expect(second.text("metadata", "resourceVersion") == first.text("metadata", "resourceVersion"))
        #expect(second.at("metadata", "continue") == nil)
        let odd = try await server.get(maps + "?labelSelector=odd%3Dyes")
        #expect(odd.list("items").map { $0.text("metadata", "name") } == ["m1", "m3", "m5"])
        let named = try await server.get("/api/v1/configmaps?fieldSelector=metadata.name%3Dm2")
        #expect(named.list("items").count == 1)
        let unknown = await server.call("GET", maps + "?fieldSelector=spec.x%3D1")
        #expect(unknown.status == 400)
        #expect(unknown.message == "field label not supported: spec.x")
    }

    @Test("delete: status, objects, preconditions, finalizers")
    func delete() async throws {
        let server = try await TestServer()
        let map = try await server.created("POST", maps, ["metadata": ["name": "a"]])
        let wrong = await server.call("DELETE", maps + "/a", ["preconditions": ["uid": "nope"]])
        #expect(wrong.status == 409)
        #expect(
            wrong.message
                == "Operation cannot be fulfilled on configmaps \"a\": Precondition failed: UID in precondition: nope, UID in object meta: \(map.text("metadata", "uid"))"
        )
        let gone = await server.call("DELETE", maps + "/a")
        #expect(gone.status == 200)
        #expect(gone.body.text("status") == "Success")
        #expect(gone.body.at("details") == ["name": "a", "kind": "configmaps", "uid": map.at("metadata", "uid") ?? ""])
        #expect(await server.call("GET", maps + "/a").status == 404)

        _ = try await server.created("POST", maps, ["metadata": ["name": "f", "finalizers": ["example.com/x"]]])
        let held = await server.call("DELETE", maps + "/f")
        #expect(held.body.text("metadata", "deletionTimestamp") == "2027-01-15T08:00:00Z")
        #expect(await server.call("GET", maps + "/f").status == 200)
        var released = try await server.get(maps + "/f")
        released["metadata"]?["finalizers"] = nil
        _ = try await server.created("PUT", maps + "/f", released)
        #expect(await server.call("GET", maps + "/f").status == 404)

        _ = try await server.created("POST", maps, ["metadata": ["name": "o"]])
        let foreground = await server.call("DELETE", maps + "/o", ["propagationPolicy": "Foreground"])
        #expect(foreground.status == 202)
        #expect(foreground.body.list("metadata", "finalizers") == ["foregroundDeletion"])
    }

    @Test("a pod on a node is given its time; one without a node goes at once")
    func gracefulDeletion() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", pods, pod("p"))
        let bound = await server.call("POST", pods + "/p/binding", ["target": ["kind": "Node", "name": "n1"]])
        #expect(bound.status == 201)
        let again = await server.call("POST", pods + "/p/binding", ["target": ["kind": "Node", "name": "n2"]])
        #expect(again.status == 409)
        #expect(again.message == "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"")
        let deleted = try await server.created("DELETE", pods + "/p")
        #expect(deleted.number("metadata", "deletionGracePeriodSeconds") == 30)
        #expect(deleted.text("metadata", "deletionTimestamp") == "2027-01-15T08:00:30Z")
        #expect(deleted.number("metadata", "generation") == 2)
        let shorter = try await server.created("DELETE", pods + "/p?gracePeriodSeconds=5")
        #expect(shorter.number("metadata", "deletionGracePeriodSeconds") == 5)
        let final = try await server.created("DELETE", pods + "/p?gracePeriodSeconds=0")
        #expect(final.text("kind") == "Pod")
        #expect(await server.call("GET", pods + "/p").status == 404)
        _ = try await server.created("POST", pods, pod("q"))
        _ = try await server.created("DELETE", pods + "/q")
        #expect(await server.call("GET", pods + "/q").status == 404)
    }

    @Test("deletecollection takes what the selector leaves")
    func deleteCollection() async throws {
        let server = try await TestServer()
        for name in ["a", "b", "c"] {
            _ = try await server.created("POST", maps, ["metadata": ["name": .string(name), "labels": ["x": .string(name == "b" ? "1" : "2")]]])
        }
        let reply = try await server.created("DELETE", maps + "?labelSelector=x%3D2")
        #expect(reply.text("kind") == "ConfigMapList")
        #expect(try await server.get(maps).list("items").map { $0.text("metadata", "name") } == ["b"])
    }

    @Test("watch: what is there, what changes, and transitions of a selector")
    func watch() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", maps, ["metadata": ["name": "a", "labels": ["x": "1"]]])
        let lines = try server.watch(maps + "?watch=1&labelSelector=x%3D1")
        let first = try #require(await lines.next())
        #expect(first.text("type") == "ADDED")
        #expect(first.text("object", "metadata", "name") == "a")
        var map = first["object"] ?? [:]
        map["metadata"]?["labels"] = ["x": "2"]
        let changed = try await server.created("PUT", maps + "/a", map)
        let left = try #require(await lines.next())
        #expect(left.text("type") == "DELETED")
        #expect(left.text("object", "metadata", "resourceVersion") == changed.text("metadata", "resourceVersion"))
        map = changed
        map["metadata"]?["labels"] = ["x": "1"]
        _ = try await server.created("PUT", maps + "/a", map)
        #expect(try #require(await lines.next()).text("type") == "ADDED")
        lines.finish()
    }

    @Test("a watch of a revision that is gone is told so")
    func watchOfThePast() async throws {
        let former = try await TestServer()
        _ = try await former.created("POST", maps, ["metadata": ["name": "a"]])
        try await former.store.compact(to: former.store.currentRevision)
        let server = try await TestServer(bootstrap: false, store: former.store)
        let lines = try server.watch(maps + "?watch=1&resourceVersion=1")
        let told = try #require(await lines.next())
        #expect(told.text("type") == "ERROR")
        #expect(told.number("object", "code") == 410)
        #expect(told.text("object", "reason") == "Expired")
        #expect(await lines.next() == nil)
    }

    @Test("a streaming list ends its objects with a bookmark")
    func sendInitialEvents() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", maps, ["metadata": ["name": "a"]])
        let lines = try server.watch(
            maps + "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
        #expect(try #require(await lines.next()).text("type") == "ADDED")
        let mark = try #require(await lines.next())
        #expect(mark.text("type") == "BOOKMARK")
        #expect(mark.at("object", "metadata", "annotations", "k8s.io/initial-events-end") == "true")
        lines.finish()
        let wrong = try server.watch(maps + "?watch=1&sendInitialEvents=true")
        _ = await wrong.next()
        #expect(wrong.answer?.status == 422)
    }
}
