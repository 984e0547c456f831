import JSON
import Testing

@testable import APIServer

private let pods = "/api/v1/namespaces/default/pods"

@Suite("Admission")
struct AdmissionTests {
    @Test("pods need their service account")
    func serviceAccount() async throws {
        let server = try await TestServer()
        var wanted = pod("p")
        wanted["spec"]?["serviceAccountName"] = "nope"
        let refused = await server.call("POST", pods, wanted)
        #expect(refused.status == 403)
        #expect(
            refused.message == "pods \"p\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found")
        _ = try await server.created(
            "POST", "/api/v1/namespaces/default/serviceaccounts",
            ["metadata": ["name": "quiet"], "automountServiceAccountToken": false, "imagePullSecrets": [["name": "pull"]]])
        wanted["spec"]?["serviceAccountName"] = "quiet"
        let made = try await server.created("POST", pods, wanted)
        #expect(made.list("spec", "volumes").isEmpty)
        #expect(made.list("spec", "imagePullSecrets") == [["name": "pull"]])
    }

    @Test("priority classes")
    func priority() async throws {
        let server = try await TestServer()
        _ = try await server.created("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", ["metadata": ["name": "high"], "value": 1000])
        var wanted = pod("p")
        wanted["spec"]?["priorityClassName"] = "high"
        #expect(try await server.created("POST", pods, wanted).at("spec", "priority") == 1000)
        wanted["metadata"]?["name"] = "q"
        wanted["spec"]?["priorityClassName"] = "nope"
        let refused = await server.call("POST", pods, wanted)
        #expect(refused.message == "pods \"q\" is forbidden: no PriorityClass with name nope was found")
        wanted["spec"]?["priorityClassName"] = "system-node-critical"
        #expect(try await server.created("POST", pods, wanted).at("spec", "priority") == 2_000_001_000)
    }

    @Test("limit ranges: defaults and bounds")
    func limitRange() async throws {
        let server = try await TestServer()
        _ = try await server.created(
            "POST", "/api/v1/namespaces/default/limitranges",
            [
                "metadata": ["name": "l"],
                "spec": ["limits": [["type": "Container", "max": ["cpu": "2"], "default": ["cpu": "1"], "defaultRequest": ["cpu": "100m"]]]],
            ])
        let made = try await server.created("POST", pods, pod("p"))
        #expect(made.list("spec", "containers")[0]["resources"] == ["requests": ["cpu": "100m"], "limits": ["cpu": "1"]])
        var wanted = pod("q")
        wanted["spec"]?["containers"]?[0]?["resources"] = ["limits": ["cpu": "3"]]
        let refused = await server.call("POST", pods, wanted)
        #expect(refused.status == 403)
        #expect(refused.message.contains("maximum cpu usage per Container is 2, but limit is 3"))
    }

    @Test("quota")
    func quota() async throws {
        let server = try await TestServer()
        _ = try await server.created(
            "POST", "/api/v1/namespaces/default/resourcequotas", ["metadata": ["name": "q"], "spec": ["hard": ["pods": "1"]]])
        _ = try await server.created("POST", pods, pod("a"))
        let refused = await server.call("POST", pods, pod("b"))
        #expect(refused.status == 403)
        #expect(refused.message == "pods \"b\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1")
    }

    @Test("many at once do not slip through a quota together")
    func quotaUnderLoad() async throws {
        let server = try await TestServer()
        _ = try await server.created(
            "POST", "/api/v1/namespaces/default/resourcequotas", ["metadata": ["name": "q"], "spec": ["hard": ["pods": "5"]]])
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 0..<40 {
                let wanted = pod("p\(number)")
                group.addTask { await server.call("POST", pods, wanted).status }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 5)
        #expect(statuses.count { $0 == 403 } == 35)
        // What was refused holds no place: one goes, one comes.
        let kept = try #require(try await server.get(pods).list("items").first?.text("metadata", "name"))
        _ = try await server.created("DELETE", "\(pods)/\(kept)")
        #expect(await server.call("POST", pods, pod("late")).status == 201)
    }

    @Test("nodes begin tainted, claims protected")
    func nodes() async throws {
        let server = try await TestServer()
        let node = try await server.created("POST", "/api/v1/nodes", ["metadata": ["name": "n"], "status": ["capacity": ["cpu": "4"]]])
        #expect(node.list("spec", "taints") == [["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]])
        #expect(node.at("status", "allocatable", "cpu") == "4")
        let claim = try await server.created(
            "POST", "/api/v1/namespaces/default/persistentvolumeclaims",
            ["metadata": ["name": "c"], "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]])
        #expect(claim.list("metadata", "finalizers") == ["kubernetes.io/pvc-protection"])
        #expect(claim.text("status", "phase") == "Pending")
    }

    @Test("events are the same objects in both groups")
    func events() async throws {
        let server = try await TestServer()
        let made = try await server.created(
            "POST", "/apis/events.k8s.io/v1/namespaces/default/events",
            [
                "metadata": ["name": "e"], "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "x", "reportingInstance": "x-1",
                "action": "a", "reason": "r", "type": "Normal", "note": "hello", "regarding": ["kind": "Pod", "name": "p", "namespace": "default"],
            ])
        #expect(made.text("note") == "hello")
        let core = try await server.get("/api/v1/namespaces/default/events/e")
        #expect(core.text("message") == "hello")
        #expect(core.text("involvedObject", "name") == "p")
        let found = try await server.get("/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=regarding.name%3Dp")
        #expect(found.list("items").count == 1)
        #expect(found.text("apiVersion") == "events.k8s.io/v1")
        let bySource = try await server.get("/api/v1/events?fieldSelector=source%3Dx")
        #expect(bySource.list("items").count == 1)
    }

    @Test("claims grow when they have a volume whose class allows it")
    func resize() async throws {
        let server = try await TestServer()
        let claims = "/api/v1/namespaces/default/persistentvolumeclaims"
        for (name, allows) in [("fixed", false), ("elastic", true)] {
            _ = try await server.created(
                "POST", "/apis/storage.k8s.io/v1/storageclasses",
                ["metadata": ["name": .string(name)], "provisioner": "example.com/p", "allowVolumeExpansion": .bool(allows)])
            var claim = try await server.created(
                "POST", claims,
                [
                    "metadata": ["name": .string(name)],
                    "spec": [
                        "accessModes": ["ReadWriteOnce"], "storageClassName": .string(name), "resources": ["requests": ["storage": "1Gi"]],
                    ],
                ])
            claim["spec"]?["resources"]?["requests"]?["storage"] = "2Gi"
            let unbound = await server.call("PUT", claims + "/" + name, claim)
            #expect(unbound.status >= 400)
            claim["status"]?["phase"] = "Bound"
            claim["spec"]?["volumeName"] = "pv"
            claim["spec"]?["resources"]?["requests"]?["storage"] = "1Gi"
            claim = try await server.created("PUT", claims + "/" + name, claim)
            claim["status"]?["phase"] = "Bound"
            claim = try await server.created("PUT", claims + "/" + name + "/status", claim)
            claim["spec"]?["resources"]?["requests"]?["storage"] = "2Gi"
            let grown = await server.call("PUT", claims + "/" + name, claim)
            #expect(grown.status == (allows ? 200 : 403))
            if !allows {
                #expect(
                    grown.message.hasSuffix(
                        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize"))
            }
        }
    }

    @Test("how long pods stay on nodes that fail is settable, and pods may say it themselves")
    func tolerations() async throws {
        let server = try await TestServer(admission: .standard(tolerations: DefaultTolerationSeconds(notReady: 20, unreachable: 30)))
        let own: JSONValue = ["key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1]
        let pod = try await server.created(
            "POST", "/api/v1/namespaces/default/pods",
            ["metadata": ["name": "p"], "spec": ["containers": [["name": "c", "image": "x"]], "tolerations": [own]]])
        let silent = try await server.created(
            "POST", "/api/v1/namespaces/default/pods", ["metadata": ["name": "q"], "spec": ["containers": [["name": "c", "image": "x"]]]])
        func seconds(_ pod: JSONValue) -> [String] {
            pod.list("spec", "tolerations").map { "\($0.text("key")) \($0["tolerationSeconds"]?.integerValue ?? -1)" }.sorted()
        }
        #expect(seconds(pod) == ["node.kubernetes.io/not-ready 20", "node.kubernetes.io/unreachable 1"])
        #expect(seconds(silent) == ["node.kubernetes.io/not-ready 20", "node.kubernetes.io/unreachable 30"])
    }

    @Test("plugins that run only where they are asked for")
    func optional() async throws {
        let server = try await TestServer(admission: AdmissionChain.standard.adding(AdmissionChain.optional))
        var wanted = pod("p")
        wanted["spec"]?["containers"]?[0]?["imagePullPolicy"] = "Never"
        wanted["spec"]?["containers"]?[0]?["resources"] = ["limits": ["example.com/gpu": "1", "cpu": "1"]]
        let made = try await server.created("POST", pods, wanted)
        #expect(made.list("spec", "containers")[0].text("imagePullPolicy") == "Always")
        #expect(made.list("spec", "tolerations").contains(["key": "example.com/gpu", "operator": "Exists"]))
        #expect(!made.list("spec", "tolerations").contains { $0.text("key") == "cpu" })
        let services = "/api/v1/namespaces/default/services"
        let refused = await server.call(
            "POST", services, ["metadata": ["name": "s"], "spec": ["ports": [["port": 80]], "externalIPs": ["192.0.2.7"]]])
        #expect(refused.status == 403)
        #expect(refused.message.hasSuffix("Use of external IPs is denied by admission control"))
    }
}
