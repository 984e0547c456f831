import AppsV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import PolicyV1
import Testing

@testable import ControllerManager

private func budget(minimum: IntOrString? = nil, unavailable: IntOrString? = nil, _ change: (inout PodDisruptionBudget) -> Void = { _ in })
    -> PodDisruptionBudget
{
    var budget = PodDisruptionBudget { budget in
        budget.metadata.name = "guard"
        budget.metadata.namespace = "default"
        budget.spec.minAvailable = minimum
        budget.spec.maxUnavailable = unavailable
        budget.spec.selector = labelSelector(["app": "web"])
    }
    change(&budget)
    return budget
}

private func pods(ready: Int, unready: Int = 0, going: Int = 0) -> [Pod] {
    (0..<ready + unready + going).map { number in
        Pod { pod in
            pod.metadata.name = "web-\(number)"
            pod.status = .running(ready: number < ready || number >= ready + unready, since: 0)
            if number >= ready + unready { pod.metadata.deletionTimestamp = Time(seconds: 5) }
        }
    }
}

@Suite struct DisruptionPlanTests {
    @Test(
        arguments: [
            // budget, pods, what the controllers ask for; expected, desired, healthy, allowed
            (budget(minimum: 2), pods(ready: 3), 0, [3, 2, 3, 1]),
            (budget(minimum: 2), pods(ready: 1, unready: 2), 0, [3, 2, 1, 0]),
            (budget(minimum: "50%"), pods(ready: 3), 5, [5, 3, 3, 0]),
            (budget(minimum: "30%"), pods(ready: 3), 3, [3, 1, 3, 2]),
            (budget(unavailable: 1), pods(ready: 3), 3, [3, 2, 3, 1]),
            (budget(unavailable: 1), pods(ready: 2, unready: 1), 3, [3, 2, 2, 0]),
            (budget(unavailable: "10%"), pods(ready: 3), 3, [3, 2, 3, 1]),
            (budget(unavailable: 9), pods(ready: 3), 3, [3, 0, 3, 3]),
            (budget(minimum: 0), [], 0, [0, 0, 0, 0]),
            (budget(minimum: 1), pods(ready: 2, going: 1), 0, [3, 1, 2, 1]),
        ] as [(PodDisruptionBudget, [Pod], Int32, [Int32])])
    func howManyMayGo(budget: PodDisruptionBudget, pods: [Pod], scale: Int32, expected: [Int32]) throws {
        let status = try DisruptionPlan(budget, pods: pods, scale: { scale }, now: 100).status
        #expect([status.expectedPods, status.desiredHealthy, status.currentHealthy, status.disruptionsAllowed] == expected)
        #expect(status.conditions.first?.reason == (expected[3] > 0 ? "SufficientPods" : "InsufficientPods"))
    }

    @Test func notedEvictionsCountUntilTheyTimeOut() throws {
        let noted = budget(minimum: 1) {
            $0.status.disruptedPods = ["web-0": Time(seconds: 1000), "web-1": Time(seconds: 900), "gone": Time(seconds: 1000)]
        }
        let plan = try DisruptionPlan(noted, pods: pods(ready: 3), scale: { 0 }, now: 1030)
        #expect(plan.status.currentHealthy == 2)
        #expect(plan.status.disruptedPods.keys.sorted() == ["web-0"])
        #expect(plan.recheckAt == 1120)
        #expect(plan.notDeleted.compactMap(\.metadata.name) == ["web-1"])
    }
}

@Suite struct DisruptionControllerTests {
    @Test func evictionsStopAtTheBudget() async throws {
        try await TestCluster.with(
            { [ReplicaSetController($0), DisruptionController($0)] }, kubelet: FakeKubelet.runsEverything
        ) { cluster in
            _ = try await cluster.client.create(
                ReplicaSet { set in
                    set.metadata.name = "web"
                    set.metadata.namespace = "default"
                    set.spec.replicas = 3
                    set.spec.selector = labelSelector(["app": "web"])
                    set.spec.template = template(["app": "web"])
                })
            _ = try await cluster.client.create(budget(unavailable: "34%"))
            try await cluster.until("two may go") { try await cluster.get(PodDisruptionBudget.self, "guard").status.disruptionsAllowed == 2 }
            try await cluster.edit(PodDisruptionBudget.self, "guard") { $0.spec.maxUnavailable = 0 }
            try await cluster.until("none may go") {
                let budget = try await cluster.get(PodDisruptionBudget.self, "guard")
                return budget.status.disruptionsAllowed ?? 0 == 0 && budget.status.observedGeneration == budget.metadata.generation
            }
            let name = try #require(try await cluster.all(Pod.self).first?.metadata.name)
            let path = "/api/v1/namespaces/default/pods/\(name)/eviction"
            let eviction: JSONValue = ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(name)]]
            let refusal = await #expect(throws: APIStatusError.self) {
                _ = try await Client(transport: cluster.client.transport, userAgent: "once").evictOnce(path, eviction)
            }
            #expect(refusal?.code == 429)
            #expect(refusal?.status.details?.causes.first?.reason == "DisruptionBudget")
            try await cluster.edit(PodDisruptionBudget.self, "guard") { $0.spec.maxUnavailable = 1 }
            try await cluster.until("one may go") { try await cluster.get(PodDisruptionBudget.self, "guard").status.disruptionsAllowed == 1 }
            try await Client(transport: cluster.client.transport, userAgent: "once").evictOnce(path, eviction)
            try await cluster.until("another has taken its place") {
                let pods = try await cluster.all(Pod.self)
                let budget = try await cluster.get(PodDisruptionBudget.self, "guard")
                return !pods.contains { $0.metadata.name == name } && budget.status.currentHealthy == 3 && budget.status.disruptionsAllowed == 1
            }
        }
    }

    @Test func podsWithoutAScaleAllowNothingAndSayWhy() async throws {
        try await TestCluster.with({ [DisruptionController($0)] }) { cluster in
            _ = try await cluster.client.create(
                Pod { pod in
                    pod.metadata.name = "web-1"
                    pod.metadata.namespace = "default"
                    pod.metadata.labels = ["app": "web"]
                    pod.metadata.ownerReferences = [
                        OwnerReference {
                            $0.apiVersion = "v1"
                            $0.kind = "ConfigMap"
                            $0.name = "x"
                            $0.uid = "1"
                            $0.controller = true
                        }
                    ]
                    pod.spec = template([:]).spec
                })
            _ = try await cluster.client.create(budget(unavailable: 1))
            try await cluster.until("the condition tells") {
                let condition = try await cluster.get(PodDisruptionBudget.self, "guard").status.conditions.first
                return condition?.reason == "SyncFailed" && condition?.message == "configmaps does not implement the scale subresource"
            }
        }
    }
}

extension Client {
    /// Without the client's own patience with a server that says to come back later.
    fileprivate func evictOnce(_ path: String, _ body: JSONValue) async throws {
        let request = HTTPRequestData(method: "POST", path: path, headers: [("Content-Type", "application/json")], body: body.serialized())
        let response = try await transport.send(request)
        if response.status >= 300 { throw APIStatusError(status: try Status(jsonBytes: response.body), code: response.status) }
    }
}
