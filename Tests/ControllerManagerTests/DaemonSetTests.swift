import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func daemonSet(surge: IntOrString? = nil, unavailable: IntOrString? = 1) -> DaemonSet {
    DaemonSet { set in
        set.metadata.name = "agent"
        set.metadata.namespace = "default"
        set.spec.selector = labelSelector(["app": "agent"])
        set.spec.template = template(["app": "agent"])
        set.spec.updateStrategy = DaemonSetUpdateStrategy { strategy in
            strategy.type = "RollingUpdate"
            strategy.rollingUpdate = RollingUpdateDaemonSet {
                $0.maxSurge = surge
                $0.maxUnavailable = unavailable
            }
        }
    }
}

private func node(_ name: String, labels: [String: String] = [:], taints: [(String, String)] = []) -> Node {
    Node { node in
        node.metadata.name = name
        node.metadata.labels = labels
        node.spec.taints = taints.map { key, effect in
            Taint {
                $0.key = key
                $0.effect = effect
            }
        }
    }
}

/// `name@node`, then `new` or `old`, `ready`, `Failed`, `Succeeded`, `deleted`.
private func pod(_ name: String, _ traits: String..., createdAt: Int64 = 0) -> Pod {
    let parts = name.split(separator: "@").map(String.init)
    return Pod { pod in
        pod.metadata.name = parts[0]
        pod.metadata.uid = parts[0]
        pod.metadata.namespace = "default"
        pod.metadata.creationTimestamp = Time(seconds: createdAt)
        pod.spec.nodeName = parts[1]
        pod.metadata.labels = [ControllerRevision.hashLabel: traits.contains("old") ? "h0" : "h1"]
        pod.status = .running(ready: traits.contains("ready"), since: 0)
        if traits.contains("Failed") { pod.status.phase = "Failed" }
        if traits.contains("Succeeded") { pod.status.phase = "Succeeded" }
        if traits.contains("deleted") { pod.metadata.deletionTimestamp = Time(seconds: 1) }
    }
}

@Suite struct DaemonFitTests {
    @Test(
        arguments: [
            (node("a"), true, true),
            (node("a", taints: [("node.kubernetes.io/not-ready", "NoSchedule")]), false, true),
            (node("a", taints: [("node.kubernetes.io/not-ready", "NoExecute")]), true, true),
            (node("a", taints: [("node.kubernetes.io/disk-pressure", "NoSchedule")]), true, true),
            (node("a", taints: [("node.kubernetes.io/unschedulable", "NoSchedule")]), true, true),
            (node("a", taints: [("node.kubernetes.io/network-unavailable", "NoSchedule")]), false, true),
            (node("a", taints: [("mine", "NoSchedule")]), false, true),
            (node("a", taints: [("mine", "NoExecute")]), false, false),
            (node("a", taints: [("mine", "PreferNoSchedule")]), true, true),
        ] as [(Node, Bool, Bool)])
    func taintsKeepNewPodsAwayAndSomeEvictOldOnes(node: Node, shouldRun: Bool, mayContinue: Bool) {
        let fit = DaemonFit(daemonSet().tolerantTemplate, on: node)
        #expect(fit.shouldRun == shouldRun)
        #expect(fit.mayContinue == mayContinue)
    }

    @Test func selectorsChooseNodes() {
        var set = daemonSet()
        set.spec.template.spec.nodeSelector = ["disk": "ssd"]
        #expect(!DaemonFit(set.tolerantTemplate, on: node("a")).mayContinue)
        #expect(DaemonFit(set.tolerantTemplate, on: node("a", labels: ["disk": "ssd"])).shouldRun)
        set.spec.template.spec.nodeSelector = [:]
        set.spec.template.spec.nodeName = "b"
        #expect(!DaemonFit(set.tolerantTemplate, on: node("a")).shouldRun)
        set.spec.template.spec.nodeName = nil
        // The host's network is there before the pods' network is.
        set.spec.template.spec.hostNetwork = true
        #expect(DaemonFit(set.tolerantTemplate, on: node("a", taints: [("node.kubernetes.io/network-unavailable", "NoSchedule")])).shouldRun)
    }
}

@Suite struct DaemonPlanTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var surge: IntOrString?
        var unavailable: IntOrString? = 1
        var nodes: [Node]
        var pods: [Pod]
        var creations: [String] = []
        var deletions: [String] = []
    }

    private static let nodes = [node("a"), node("b"), node("c")]

    @Test(arguments: [
        Case(testDescription: "missing pods are made", nodes: nodes, pods: [pod("1@a", "ready")], creations: ["b", "c"]),
        Case(
            testDescription: "failed and succeeded pods go", nodes: nodes, pods: [pod("1@a", "Failed"), pod("2@b", "Succeeded"), pod("3@c")],
            deletions: ["1", "2"]),
        Case(
            testDescription: "of two the older stays", nodes: [node("a")], pods: [pod("1@a", createdAt: 2), pod("2@a", createdAt: 1)],
            deletions: ["1"]),
        Case(
            testDescription: "where it may not run, pods go", nodes: [node("a", taints: [("x", "NoExecute")])], pods: [pod("1@a", "ready")],
            deletions: ["1"]),
        Case(testDescription: "a pod on its way out holds its place", nodes: [node("a")], pods: [pod("1@a", "deleted")]),
        Case(
            testDescription: "surging, it does not", surge: 1, unavailable: 0, nodes: [node("a")], pods: [pod("1@a", "deleted")], creations: ["a"]),
        Case(
            testDescription: "surging, both stand until the new one is ready", surge: 1, unavailable: 0, nodes: [node("a")],
            pods: [pod("1@a", "old", "ready"), pod("2@a", "new")]),
        Case(
            testDescription: "surging, the old one goes then", surge: 1, unavailable: 0, nodes: [node("a")],
            pods: [pod("1@a", "old", "ready"), pod("2@a", "new", "ready")], deletions: ["1"]),
        Case(
            testDescription: "surging, an old one that is not ready goes", surge: 1, unavailable: 0, nodes: [node("a")],
            pods: [pod("1@a", "old"), pod("2@a", "new")], deletions: ["1"]),
    ])
    func onePodOnEachNode(_ test: Case) {
        var plan = DaemonPlan(
            daemonSet(surge: test.surge, unavailable: test.unavailable), hash: "h1", nodes: test.nodes, pods: test.pods, now: 100)
        plan.manage { _ in true }
        #expect(plan.creations == test.creations)
        #expect(plan.deletions.compactMap(\.metadata.name) == test.deletions)
    }

    @Test(arguments: [
        Case(
            testDescription: "one at a time", nodes: nodes,
            pods: [pod("1@a", "old", "ready"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")],
            deletions: ["1"]),
        Case(
            testDescription: "not while a new one is not ready", nodes: nodes,
            pods: [pod("1@a", "new"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")]),
        Case(
            testDescription: "unready old ones go at once and count", nodes: nodes,
            pods: [pod("1@a", "old"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")], deletions: ["1"]),
        Case(
            testDescription: "a share of the nodes, rounded up", unavailable: "50%", nodes: nodes,
            pods: [pod("1@a", "old", "ready"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")], deletions: ["1", "2"]),
        Case(
            testDescription: "a node without its pod counts", unavailable: 2, nodes: nodes,
            pods: [pod("2@b", "old", "ready"), pod("3@c", "old", "ready")], deletions: ["2"]),
        Case(
            testDescription: "surging makes before it breaks", surge: 1, unavailable: 0, nodes: nodes,
            pods: [pod("1@a", "old", "ready"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")], creations: ["a"]),
        Case(
            testDescription: "surging waits for the new one", surge: 1, unavailable: 0, nodes: nodes,
            pods: [pod("1@a", "old", "ready"), pod("4@a", "new"), pod("2@b", "old", "ready"), pod("3@c", "old", "ready")]),
        Case(
            testDescription: "surging replaces what is not available beyond the limit", surge: 1, unavailable: 0, nodes: nodes,
            pods: [pod("1@a", "old"), pod("2@b", "old"), pod("3@c", "old", "ready")], creations: ["a", "b", "c"]),
        Case(
            testDescription: "surging leaves a node when others serve", surge: 1, unavailable: 0,
            nodes: [node("a", taints: [("x", "NoSchedule")]), node("b")],
            pods: [pod("1@a", "old", "ready"), pod("2@b", "new", "ready")], deletions: ["1"]),
    ])
    func aRollingUpdateTakesOneStep(_ test: Case) {
        var plan = DaemonPlan(
            daemonSet(surge: test.surge, unavailable: test.unavailable), hash: "h1", nodes: test.nodes, pods: test.pods, now: 100)
        plan.roll()
        #expect(plan.creations == test.creations)
        #expect(plan.deletions.compactMap(\.metadata.name) == test.deletions)
    }

    @Test func theStatusCountsNodes() {
        let nodes = [node("a"), node("b"), node("c", taints: [("x", "NoSchedule")]), node("d")]
        let pods = [pod("1@a", "new", "ready"), pod("2@b", "old"), pod("3@c", "old", "ready")]
        let status = DaemonPlan(daemonSet(), hash: "h1", nodes: nodes, pods: pods, now: 100).status(observed: true)
        #expect(status.desiredNumberScheduled == 3)
        #expect(status.currentNumberScheduled == 2)
        #expect(status.numberMisscheduled == 1)
        #expect(status.numberReady == 1)
        #expect(status.numberAvailable == 1)
        #expect(status.numberUnavailable == 2)
        #expect(status.updatedNumberScheduled == 1)
    }
}

extension TestCluster {
    /// New nodes are given a taint until they are ready; these are from the start.
    fileprivate func add(_ node: Node) async throws {
        _ = try await client.create(node)
        try await edit(Node.self, node.metadata.name ?? "") { $0.spec.taints = node.spec.taints }
    }
}

@Suite struct DaemonSetControllerTests {
    @Test func podsFollowNodesAndTemplates() async throws {
        try await TestCluster.with({ [DaemonSetController($0)] }, kubelet: FakeKubelet.runsEverything) { cluster in
            for name in ["a", "b"] { try await cluster.add(node(name, taints: [("node.kubernetes.io/not-ready", "NoExecute")])) }
            _ = try await cluster.client.create(daemonSet())
            try await cluster.until("both nodes have a ready pod") {
                let set = try await cluster.get(DaemonSet.self, "agent")
                return set.status.numberAvailable == 2 && set.status.observedGeneration == 1
            }
            let pods = try await cluster.all(Pod.self)
            #expect(Set(pods.compactMap(\.targetNodeName)) == ["a", "b"])
            #expect(pods.allSatisfy { $0.metadata.generateName == "agent-" && $0.metadata.labels["pod-template-generation"] == "1" })
            #expect(pods[0].spec.tolerations.contains { $0.key == "node.kubernetes.io/unschedulable" && $0.effect == "NoSchedule" })

            // A node that comes, and one that drives the pods away.
            try await cluster.add(node("c"))
            try await cluster.until("the new node has a pod") { try await cluster.all(Pod.self).count == 3 }
            try await cluster.edit(Node.self, "b") { node in
                node.spec.taints = [
                    Taint {
                        $0.key = "gone"
                        $0.effect = "NoExecute"
                    }
                ]
            }
            try await cluster.until("the tainted node has none") {
                let set = try await cluster.get(DaemonSet.self, "agent")
                return try await cluster.all(Pod.self).count == 2 && set.status.desiredNumberScheduled == 2
            }

            // Two templates, and back to the first: the old revision comes back under the next number.
            for image in ["web:2", "web:3", "web:1"] {
                try await cluster.edit(DaemonSet.self, "agent") { $0.spec.template.spec.containers[0].image = image }
                try await cluster.until("all pods run \(image)") {
                    let set = try await cluster.get(DaemonSet.self, "agent")
                    let pods = try await cluster.all(Pod.self)
                    return pods.count == 2 && pods.allSatisfy { $0.spec.containers[0].image == image }
                        && set.status.updatedNumberScheduled == 2 && set.status.observedGeneration == set.metadata.generation
                }
            }
            let revisions = try await cluster.all(ControllerRevision.self)
            #expect(revisions.map(\.revision).sorted() == [2, 3, 4])
            let newest = try #require(revisions.max { $0.revision < $1.revision })
            #expect(newest.template?.spec.containers.first?.image == "web:1")
            let running = try await cluster.all(Pod.self)
            #expect(running.allSatisfy { $0.metadata.labels[ControllerRevision.hashLabel] == newest.metadata.labels[ControllerRevision.hashLabel] })
        }
    }

    @Test func failedPodsAreReplacedWithGrowingPauses() async throws {
        try await TestCluster.with({ [DaemonSetController($0)] }) { cluster in
            try await cluster.add(node("a"))
            _ = try await cluster.client.create(daemonSet())
            var last = ""
            for round in 0..<2 {
                let known = last
                try await cluster.until("a pod comes in round \(round)") {
                    let pods = try await cluster.all(Pod.self)
                    return pods.count == 1 && pods[0].metadata.name != known
                }
                last = try #require(try await cluster.all(Pod.self).first?.metadata.name)
                try await cluster.edit(Pod.self, last, subresource: "status") { $0.status.phase = "Failed" }
                // The second failure waits a second.
                if round == 1 {
                    await cluster.clock.waitForSleepers()
                    cluster.clock.advance(by: .seconds(2))
                }
            }
            let second = last
            try await cluster.until("the second one is replaced too") {
                let pods = try await cluster.all(Pod.self)
                return pods.count == 1 && pods[0].metadata.name != second
            }
        }
    }
}
