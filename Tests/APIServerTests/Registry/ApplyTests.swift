import JSON
import Testing

@testable import APIServer

private let maps = "/api/v1/namespaces/default/configmaps"
private let deployments = "/apis/apps/v1/namespaces/default/deployments"
private let apply = ["Content-Type": "application/apply-patch+yaml"]
private let merge = ["Content-Type": "application/merge-patch+json"]

/// Who manages what: `manager/operation[/subresource]` and the set.
func managers(_ object: JSONValue) -> [String: String] {
    var found: [String: String] = [:]
    for entry in object.list("metadata", "managedFields") {
        let subresource = entry.text("subresource")
        let key = entry.text("manager") + "/" + entry.text("operation") + (subresource.isEmpty ? "" : "/" + subresource)
        found[key] = entry["fieldsV1"]?.description ?? "none"
    }
    return found
}

private func map(_ name: String, _ data: JSONValue) -> JSONValue {
    ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data]
}

@Suite("Server-side apply")
struct ApplyTests {
    @Test("apply creates, changes and removes")
    func lifecycle() async throws {
        let server = try await TestServer()
        let made = await server.call("PATCH", maps + "/m?fieldManager=one", map("m", ["a": "1", "b": "2"]), headers: apply)
        #expect(made.status == 201)
        #expect(managers(made.body) == ["one/Apply": #"{"f:data":{"f:a":{},"f:b":{}}}"#])
        let entry = made.body.list("metadata", "managedFields")[0]
        #expect(entry.text("apiVersion") == "v1" && entry.text("fieldsType") == "FieldsV1" && entry.text("time") == "2027-01-15T08:00:00Z")
        server.clock.advance(60)
        let same = await server.call("PATCH", maps + "/m?fieldManager=one", map("m", ["a": "1", "b": "2"]), headers: apply)
        #expect(same.status == 200)
        #expect(same.body == made.body)
        let less = await server.call("PATCH", maps + "/m?fieldManager=one", map("m", ["a": "1"]), headers: apply)
        #expect(less.body["data"] == ["a": "1"])
        #expect(less.body.list("metadata", "managedFields")[0].text("time") == "2027-01-15T08:01:00Z")
        // YAML, and comments in it.
        let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n  a: \"1\" # kept\n  c: \"3\"\n"
        let more = await server.call("PATCH", maps + "/m?fieldManager=one", bytes: Array(yaml.utf8), headers: apply)
        #expect(more.body["data"] == ["a": "1", "c": "3"])
        let dry = await server.call("PATCH", maps + "/m?fieldManager=two&dryRun=All", map("m", ["d": "4"]), headers: apply)
        #expect(dry.body.at("data", "d") == "4" && managers(dry.body)["two/Apply"] != nil)
        #expect(try await server.get(maps + "/m") == more.body)
    }

    @Test("conflicts name the manager and the fields; force takes them")
    func conflicts() async throws {
        let server = try await TestServer()
        _ = try await server.created("PATCH", maps + "/m?fieldManager=one", map("m", ["a": "1", "b": "2"]), headers: apply)
        _ = try await server.created("PATCH", maps + "/m?fieldManager=edit", ["data": ["c": "3"]], headers: merge)
        let one = await server.call("PATCH", maps + "/m?fieldManager=two", map("m", ["a": "x"]), headers: apply)
        #expect(one.status == 409 && one.reason == "Conflict")
        #expect(one.message == #"Apply failed with 1 conflict: conflict with "one": .data.a"#)
        #expect(one.body.list("details", "causes") == [["reason": "FieldManagerConflict", "message": #"conflict with "one""#, "field": ".data.a"]])
        let many = await server.call("PATCH", maps + "/m?fieldManager=two", map("m", ["a": "x", "b": "y", "c": "z"]), headers: apply)
        #expect(
            many.message
                == "Apply failed with 3 conflicts: conflicts with \"edit\" using v1:\n- .data.c\nconflicts with \"one\":\n- .data.a\n- .data.b")
        let forced = try await server.created("PATCH", maps + "/m?fieldManager=two&force=true", map("m", ["a": "x", "c": "z"]), headers: apply)
        #expect(forced["data"] == ["a": "x", "b": "2", "c": "z"])
        #expect(managers(forced) == ["one/Apply": #"{"f:data":{"f:b":{}}}"#, "two/Apply": #"{"f:data":{"f:a":{},"f:c":{}}}"#])
        // The same value is no conflict, and then both have it.
        let shared = try await server.created("PATCH", maps + "/m?fieldManager=three", map("m", ["b": "2"]), headers: apply)
        #expect(managers(shared)["three/Apply"] == managers(shared)["one/Apply"])
        let kept = try await server.created("PATCH", maps + "/m?fieldManager=one", map("m", [:]), headers: apply)
        #expect(kept.at("data", "b") == "2")
    }

    @Test("what is refused, and in which words")
    func refusals() async throws {
        let server = try await TestServer()
        func refused(_ query: String, _ body: JSONValue, headers: [String: String] = apply) async -> TestServer.Reply {
            await server.call("PATCH", maps + "/m" + query, body, headers: headers)
        }
        let anonymous = await refused("", map("m", [:]))
        #expect(anonymous.status == 422)
        #expect(anonymous.message == #"PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch"#)
        let forced = await refused("?force=true", [:], headers: merge)
        #expect(forced.message == #"PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch"#)
        let odd = await refused("?fieldManager=a%07", map("m", [:]))
        #expect(odd.message.contains("invalid character U+0007 (at position 1)"))
        let kind = await refused("?fieldManager=a", ["metadata": ["name": "m"]])
        #expect(kind.status == 400 && kind.message == "invalid object type: /, Kind=")
        let other = await refused("?fieldManager=a", ["apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "m"]])
        #expect(other.message == "invalid object type: apps/v1, Kind=Deployment")
        let managed = await refused(
            "?fieldManager=a", ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "m", "managedFields": []]])
        #expect(managed.status == 400 && managed.message == "metadata.managedFields must be nil")
        var unknown = map("m", [:])
        unknown["foo"] = 1
        let field = await refused("?fieldManager=a", unknown)
        #expect(field.status == 500)
        #expect(field.message == "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .foo: field not declared in schema")
        let name = await refused("?fieldManager=a", map("n", [:]))
        #expect(name.status == 400 && name.message == "the name of the object (n) does not match the name on the URL (m)")
        var uid = map("m", [:])
        uid["metadata"]?["uid"] = "u"
        let gone = await refused("?fieldManager=a", uid)
        #expect(gone.status == 409 && gone.message.hasSuffix("uid mismatch: the provided object specified uid u, and no existing object was found"))
        let twice = await server.call(
            "PATCH", maps + "/m?fieldManager=a&fieldValidation=Strict",
            bytes: Array("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: x, a: y}\n".utf8), headers: apply)
        #expect(twice.status == 400)
        let list = await server.call("PATCH", maps + "/m?fieldManager=a", bytes: Array("[]".utf8), headers: apply)
        #expect(list.status == 400 && list.message.hasPrefix("error decoding patch: "))
        #expect(await server.call("GET", maps + "/m").status == 404)
        _ = try await server.created("POST", maps, map("m", [:]))
        var stale = map("m", ["a": "1"])
        stale["metadata"]?["resourceVersion"] = "1"
        #expect(await refused("?fieldManager=a", stale).status == 409)
    }

    @Test("lists of objects are merged by what tells their elements apart")
    func lists() async throws {
        let server = try await TestServer()
        func deployment(_ container: JSONValue, replicas: Int64? = nil) -> JSONValue {
            var object = deploymentObject("d", replicas: replicas)
            object.setPath(["spec", "template", "spec", "containers"], [container])
            return object
        }
        let first = try await server.created(
            "PATCH", deployments + "/d?fieldManager=one",
            deployment([
                "name": "c", "image": "nginx:1", "ports": [["containerPort": 80]],
                "env": [["name": "A", "value": "1"], ["name": "B", "value": "2"]],
            ]),
            headers: apply)
        #expect(first.at("spec", "replicas") == 1)
        #expect(managers(first)["one/Apply"]?.contains(#"k:{\"containerPort\":80,\"protocol\":\"TCP\"}"#) == true)
        #expect(managers(first)["one/Apply"]?.contains("replicas") == false)
        // An autoscaler sets the number, and the applier does not mind.
        let scaled = try await server.created("PATCH", deployments + "/d?fieldManager=hpa", ["spec": ["replicas": 3]], headers: merge)
        #expect(managers(scaled)["hpa/Update"] == #"{"f:spec":{"f:replicas":{}}}"#)
        let second = try await server.created(
            "PATCH", deployments + "/d?fieldManager=one",
            deployment(["name": "c", "image": "nginx:2", "env": [["name": "B", "value": "2"]]]), headers: apply)
        let container = second.list("spec", "template", "spec", "containers")[0]
        #expect(container.text("image") == "nginx:2")
        #expect(container["ports"] == nil)
        #expect(container.list("env") == [["name": "B", "value": "2"]])
        #expect(second.at("spec", "replicas") == 3)
        #expect(second.number("metadata", "generation") == 3)
    }

    @Test("who had what before anybody applied")
    func beforeFirstApply() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", maps, map("m", ["a": "1"]))
        let reset = try await server.created("PATCH", maps + "/m", ["metadata": ["managedFields": [[:]]]], headers: merge)
        #expect(managers(reset).isEmpty)
        // Nobody keeps books of an object without managers until it is applied to.
        let changed = try await server.created("PATCH", maps + "/m", ["data": ["b": "2"]], headers: merge)
        #expect(managers(changed).isEmpty)
        let applied = try await server.created("PATCH", maps + "/m?fieldManager=one", map("m", ["c": "3"]), headers: apply)
        #expect(
            managers(applied) == [
                "before-first-apply/Update": #"{"f:data":{".":{},"f:a":{},"f:b":{}}}"#, "one/Apply": #"{"f:data":{"f:c":{}}}"#,
            ])
        let emptied = try await server.created("PATCH", maps + "/m", ["metadata": ["managedFields": []]], headers: merge)
        #expect(managers(emptied).isEmpty)
    }

    @Test("kubectl goes over from client-side to server-side apply without conflicts with itself")
    func lastApplied() async throws {
        let server = try await TestServer()
        var object = map("m", ["a": "1", "b": "2"])
        object["metadata"]?["annotations"] = [
            "kubectl.kubernetes.io/last-applied-configuration": .string(map("m", ["a": "1", "b": "2"]).description + "\n")
        ]
        _ = try await server.created("POST", maps + "?fieldManager=kubectl-client-side-apply", object)
        let other = await server.call("PATCH", maps + "/m?fieldManager=somebody", map("m", ["a": "x"]), headers: apply)
        #expect(other.status == 409)
        let applied = try await server.created("PATCH", maps + "/m?fieldManager=kubectl", map("m", ["a": "x", "b": "2"]), headers: apply)
        #expect(applied.at("data", "a") == "x")
        #expect(applied.text("metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration").contains(#""a":"x""#))
        _ = try await server.created("PATCH", maps + "/m?fieldManager=edit", ["data": ["b": "y"]], headers: merge)
        let conflict = await server.call("PATCH", maps + "/m?fieldManager=kubectl", map("m", ["a": "x", "b": "z"]), headers: apply)
        #expect(conflict.message == #"Apply failed with 1 conflict: conflict with "edit" using v1: .data.b"#)
    }

    @Test("status by apply")
    func status() async throws {
        let server = try await TestServer()
        _ = try await server.created("PATCH", deployments + "/d?fieldManager=one", deploymentObject("d", replicas: 1), headers: apply)
        let status: JSONValue = [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": "d"], "spec": ["replicas": 7],
            "status": ["replicas": 2, "conditions": [["type": "Available", "status": "True"]]],
        ]
        let missing = await server.call("PATCH", deployments + "/none/status?fieldManager=c", status, headers: apply)
        #expect(missing.status == 404)
        let applied = try await server.created("PATCH", deployments + "/d/status?fieldManager=controller", status, headers: apply)
        #expect(applied.at("spec", "replicas") == 1)
        #expect(applied.at("status", "replicas") == 2)
        #expect(
            managers(applied)["controller/Apply/status"]
                == #"{"f:status":{"f:conditions":{"k:{\"type\":\"Available\"}":{".":{},"f:status":{},"f:type":{}}},"f:replicas":{}}}"#)
        let again = await server.call("PATCH", deployments + "/d/status?fieldManager=other", status, headers: apply)
        #expect(again.status == 200)
    }

    @Test("scale by update and by apply")
    func scale() async throws {
        let server = try await TestServer()
        _ = try await server.created("PATCH", deployments + "/d?fieldManager=one", deploymentObject("d", replicas: 1), headers: apply)
        let wanted: JSONValue = ["apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": ["name": "d"], "spec": ["replicas": 4]]
        let conflict = await server.call("PATCH", deployments + "/d/scale?fieldManager=two", wanted, headers: apply)
        #expect(conflict.message == #"Apply failed with 1 conflict: conflict with "one": .spec.replicas"#)
        _ = try await server.created("PUT", deployments + "/d/scale?fieldManager=kubectl", wanted)
        let scaled = try await server.get(deployments + "/d")
        #expect(scaled.at("spec", "replicas") == 4)
        #expect(managers(scaled)["kubectl/Update/scale"] == #"{"f:spec":{"f:replicas":{}}}"#)
        #expect(managers(scaled)["one/Apply"]?.contains("f:replicas") == false)
        _ = try await server.created("PATCH", deployments + "/d/scale?fieldManager=two&force=true", wanted, headers: apply)
        let applied = try await server.get(deployments + "/d")
        #expect(managers(applied)["two/Apply/scale"] == #"{"f:spec":{"f:replicas":{}}}"#)
        let theirs = await server.call("PATCH", deployments + "/d?fieldManager=one", deploymentObject("d", replicas: 2), headers: apply)
        #expect(theirs.status == 409)
        #expect(theirs.message.contains(#"conflicts with "kubectl" with subresource "scale" using apps/v1:"#))
        #expect(theirs.message.contains(#"conflicts with "two" with subresource "scale":"#))
    }

    @Test("an object is applied in one version and changed in another")
    func versions() async throws {
        let server = try await TestServer()
        let path = "/namespaces/default/horizontalpodautoscalers/h"
        let old: JSONValue = [
            "apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler", "metadata": ["name": "h"],
            "spec": ["maxReplicas": 3, "scaleTargetRef": ["apiVersion": "apps/v1", "kind": "Deployment", "name": "d"]],
        ]
        _ = try await server.created("PATCH", "/apis/autoscaling/v1" + path + "?fieldManager=one", old, headers: apply)
        let changed = try await server.created(
            "PATCH", "/apis/autoscaling/v2" + path + "?fieldManager=two", ["spec": ["maxReplicas": 5]], headers: merge)
        #expect(managers(changed)["two/Update"] == #"{"f:spec":{"f:maxReplicas":{}}}"#)
        #expect(managers(changed)["one/Apply"]?.contains("maxReplicas") == false)
        let again = await server.call("PATCH", "/apis/autoscaling/v1" + path + "?fieldManager=one", old, headers: apply)
        #expect(again.message == #"Apply failed with 1 conflict: conflict with "two" using autoscaling/v2: .spec.maxReplicas"#)
    }

    @Test("appliers at the same time all get their part")
    func concurrent() async throws {
        let server = try await TestServer()
        let codes = await withTaskGroup(of: Int.self) { group in
            for number in 0..<12 {
                group.addTask {
                    await server.call("PATCH", maps + "/m?fieldManager=m\(number)", map("m", ["k\(number)": "v"]), headers: apply).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(codes.count { $0 == 201 } == 1)
        #expect(codes.count { $0 == 200 } == 11)
        let object = try await server.get(maps + "/m")
        #expect(object["data"]?.objectValue?.count == 12)
        #expect(managers(object).count == 12)
    }
}
