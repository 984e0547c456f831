import JSON
import Testing

@testable import APIServer

private let deployments = "/apis/apps/v1/namespaces/default/deployments"
private let merge = ["Content-Type": "application/merge-patch+json"]
private let strategic = ["Content-Type": "application/strategic-merge-patch+json"]
private let jsonPatch = ["Content-Type": "application/json-patch+json"]

@Suite("Patches and subresources")
struct PatchTests {
    @Test("the three types of patches")
    func types() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", deployments, deploymentObject("d"))
        let merged = try await server.created("PATCH", deployments + "/d", ["spec": ["replicas": 3]], headers: merge)
        #expect(merged.at("spec", "replicas") == 3)
        #expect(merged.number("metadata", "generation") == 2)
        let image: JSONValue = ["spec": ["template": ["spec": ["containers": [["name": "c", "image": "nginx:2"]]]]]]
        let patched = try await server.created("PATCH", deployments + "/d", image, headers: strategic)
        #expect(patched.list("spec", "template", "spec", "containers")[0].text("image") == "nginx:2")
        #expect(patched.list("spec", "template", "spec", "containers")[0].text("terminationMessagePolicy") == "File")
        let replaced = try await server.created(
            "PATCH", deployments + "/d", [["op": "replace", "path": "/spec/replicas", "value": 5]], headers: jsonPatch)
        #expect(replaced.at("spec", "replicas") == 5)
        let failed = await server.call(
            "PATCH", deployments + "/d", [["op": "test", "path": "/spec/replicas", "value": 4]], headers: jsonPatch)
        #expect(failed.status == 422)
        let unknown = await server.call("PATCH", deployments + "/d", [:], headers: ["Content-Type": "text/plain"])
        #expect(unknown.status == 415)
        let stale = await server.call(
            "PATCH", deployments + "/d", ["metadata": ["resourceVersion": "1"], "spec": ["replicas": 1]], headers: merge)
        #expect(stale.status == 409)
        let same = try await server.created("PATCH", deployments + "/d", ["spec": ["replicas": 5]], headers: merge)
        #expect(same.text("metadata", "resourceVersion") == replaced.text("metadata", "resourceVersion"))
    }

    @Test("patches at the same time all take effect")
    func concurrent() async throws {
        let server = try await TestServer()
        let path = "/api/v1/namespaces/default/configmaps"
        _ = try await server.created("POST", path, ["metadata": ["name": "m"]])
        let codes = await withTaskGroup(of: Int.self) { group in
            for number in 0..<24 {
                group.addTask { await server.call("PATCH", path + "/m", ["data": ["k\(number)": "v"]], headers: merge).status }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(codes.allSatisfy { $0 == 200 })
        #expect(try await server.get(path + "/m")["data"]?.objectValue?.count == 24)
    }

    @Test("status and object are changed through different doors")
    func status() async throws {
        let server = try await TestServer()
        var made = try await server.created("POST", deployments, deploymentObject("d"))
        made["spec"]?["replicas"] = 9
        made["status"] = ["replicas": 2, "readyReplicas": 1]
        let status = try await server.created("PUT", deployments + "/d/status", made)
        #expect(status.at("spec", "replicas") == 1)
        #expect(status.at("status", "readyReplicas") == 1)
        #expect(status.number("metadata", "generation") == 1)
        var changed = status
        changed["status"] = ["replicas": 7]
        changed["spec"]?["replicas"] = 4
        let object = try await server.created("PUT", deployments + "/d", changed)
        #expect(object.at("status", "replicas") == 2)
        #expect(object.at("spec", "replicas") == 4)
        let patched = try await server.created(
            "PATCH", deployments + "/d/status", ["status": ["availableReplicas": 1], "metadata": ["annotations": ["a": "b"]]], headers: merge)
        #expect(patched.at("status", "availableReplicas") == 1)
        #expect(patched.at("metadata", "annotations", "a") == "b")
    }

    @Test("scale")
    func scale() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", deployments, deploymentObject("d", replicas: 2))
        var scale = try await server.get(deployments + "/d/scale")
        #expect(scale.text("kind") == "Scale")
        #expect(scale.at("spec", "replicas") == 2)
        #expect(scale.text("status", "selector") == "app=d")
        scale["spec"]?["replicas"] = 4
        let changed = try await server.created("PUT", deployments + "/d/scale", scale)
        #expect(changed.at("spec", "replicas") == 4)
        let patched = try await server.created("PATCH", deployments + "/d/scale", ["spec": ["replicas": 1]], headers: merge)
        #expect(patched.at("spec", "replicas") == 1)
        let object = try await server.get(deployments + "/d")
        #expect(object.at("spec", "replicas") == 1)
        #expect(object.number("metadata", "generation") == 3)
        let negative = await server.call("PATCH", deployments + "/d/scale", ["spec": ["replicas": -1]], headers: merge)
        #expect(negative.status == 422)
    }

    @Test("a namespace ends when its content is gone")
    func namespace() async throws {
        let server = try await TestServer()
        let made = try await server.created("POST", "/api/v1/namespaces", ["metadata": ["name": "n"]])
        #expect(made.at("spec", "finalizers") == ["kubernetes"])
        #expect(made.text("status", "phase") == "Active")
        #expect(made.at("metadata", "labels", "kubernetes.io/metadata.name") == "n")
        _ = try await server.created("DELETE", "/api/v1/namespaces/n")
        var ending = try await server.get("/api/v1/namespaces/n")
        #expect(ending.text("status", "phase") == "Terminating")
        let refused = await server.call("POST", "/api/v1/namespaces/n/configmaps", ["metadata": ["name": "a"]])
        #expect(refused.status == 403)
        #expect(
            refused.message
                == "configmaps \"a\" is forbidden: unable to create new content in namespace n because it is being terminated")
        ending["spec"]?["finalizers"] = []
        _ = try await server.created("PUT", "/api/v1/namespaces/n/finalize", ending)
        #expect(await server.call("GET", "/api/v1/namespaces/n").status == 404)
        let immortal = await server.call("DELETE", "/api/v1/namespaces/default")
        #expect(immortal.status == 403)
    }

    @Test("eviction asks the disruption budget")
    func eviction() async throws {
        let server = try await TestServer()
        let pods = "/api/v1/namespaces/default/pods"
        let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
        for name in ["a", "b"] {
            _ = try await server.created("POST", pods, pod(name, labels: ["app": "x"]))
            _ = try await server.created("POST", pods + "/\(name)/binding", ["target": ["kind": "Node", "name": "n1"]])
            _ = try await server.created(
                "PATCH", pods + "/\(name)/status", ["status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]],
                headers: merge)
        }
        _ = try await server.created(
            "POST", budgets, ["metadata": ["name": "pdb"], "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "x"]]]])
        _ = try await server.created(
            "PATCH", budgets + "/pdb/status",
            ["status": ["disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1, "expectedPods": 2, "observedGeneration": 1]],
            headers: merge)
        let body: JSONValue = ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "a"]]
        let first = await server.call("POST", pods + "/a/eviction", body)
        #expect(first.status == 201)
        #expect(try await server.get(pods + "/a").at("metadata", "deletionTimestamp") != nil)
        #expect(try await server.get(budgets + "/pdb").at("status", "disruptionsAllowed") == 0)
        let second = await server.call("POST", pods + "/b/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "b"]])
        #expect(second.status == 429)
        #expect(second.message == "Cannot evict pod as it would violate the pod's disruption budget.")
        #expect(second.body.list("details", "causes")[0].text("reason") == "DisruptionBudget")
    }
}
