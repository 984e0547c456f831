import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func deployment(_ change: (inout Deployment) -> Void = { _ in }) -> Deployment {
    var deployment = Deployment { deployment in
        deployment.metadata.name = "web"
        deployment.metadata.namespace = "default"
        deployment.spec.replicas = 3
        deployment.spec.selector = labelSelector(["app": "web"])
        deployment.spec.template = template(["app": "web"])
    }
    change(&deployment)
    return deployment
}

@Suite struct DeploymentControllerTests {
    private static let controllers: @Sendable (ControllerContext) -> [any Controller] = { [DeploymentController($0), ReplicaSetController($0)] }

    private static func isDone(_ cluster: TestCluster, _ image: String, replicas: Int32 = 3) async throws -> Bool {
        let deployment = try await cluster.get(Deployment.self, "web")
        let pods = try await cluster.all(Pod.self)
        return deployment.isComplete(deployment.status) && deployment.status.replicas == replicas && pods.count == Int(replicas)
            && pods.allSatisfy { $0.spec.containers[0].image == image }
    }

    private static func setImage(_ cluster: TestCluster, _ image: String) async throws {
        try await cluster.edit(Deployment.self, "web") { $0.spec.template.spec.containers[0].image = image }
    }

    @Test func rolloutsUndoAndHistory() async throws {
        try await TestCluster.with(Self.controllers, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(deployment { $0.spec.revisionHistoryLimit = 1 })
            for (image, revision) in [("web:1", "1"), ("web:2", "2"), ("web:1", "3"), ("web:3", "4")] {
                try await Self.setImage(cluster, image)
                try await cluster.until("all pods run \(image)") { try await Self.isDone(cluster, image) }
                try await cluster.until("revision \(revision)") {
                    try await cluster.get(Deployment.self, "web").metadata.annotations[ReplicaSet.revisionAnnotation] == revision
                }
            }
            // web:1 came back under number 3 and is kept; web:2 is beyond the limit.
            try await cluster.until("one old replica set is kept") { try await cluster.all(ReplicaSet.self).count == 2 }
            let images = try await cluster.all(ReplicaSet.self).map { $0.spec.template.spec.containers[0].image }
            #expect(Set(images) == ["web:1", "web:3"])
            let progressing = try await cluster.get(Deployment.self, "web").condition("Progressing")
            #expect(progressing?.reason == "NewReplicaSetAvailable" && progressing?.status == "True")
        }
    }

    @Test func aNewTemplateInTheMiddleOfARolloutTakesOver() async throws {
        let gate = Gate()
        let behaviour: FakeKubelet.Behaviour = { pod, now in
            .running(ready: pod.spec.containers[0].image != "web:2" || gate.isOpen(for: pod), since: now)
        }
        try await TestCluster.with(Self.controllers, kubelet: behaviour) { cluster in
            _ = try await cluster.client.create(deployment())
            try await cluster.until("the first is there") { try await Self.isDone(cluster, "web:1") }
            try await Self.setImage(cluster, "web:2")
            try await cluster.until("the second hangs") {
                let status = try await cluster.get(Deployment.self, "web").status
                return status.updatedReplicas == 1 && status.availableReplicas == 3 && status.replicas == 4
            }
            try await Self.setImage(cluster, "web:3")
            try await cluster.until("the third is there") { try await Self.isDone(cluster, "web:3") }
        }
    }

    @Test func recreateNeverRunsBoth() async throws {
        let seen = Gate()
        let behaviour: FakeKubelet.Behaviour = { pod, now in
            seen.open([pod.spec.containers[0].image ?? ""])
            return .running(ready: true, since: now)
        }
        try await TestCluster.with(Self.controllers, kubelet: behaviour) { cluster in
            _ = try await cluster.client.create(
                deployment { deployment in
                    deployment.spec.strategy = DeploymentStrategy { $0.type = "Recreate" }
                    // Old pods that take their time.
                    deployment.spec.template.metadata.finalizers = ["test/hold"]
                })
            try await cluster.until("the first is there") { try await Self.isDone(cluster, "web:1") }
            try await Self.setImage(cluster, "web:2")
            try await cluster.until("the old pods are on their way out") {
                try await cluster.all(Pod.self).allSatisfy { $0.metadata.deletionTimestamp != nil }
            }
            for pod in try await cluster.all(Pod.self) {
                #expect(pod.spec.containers[0].image == "web:1")
                try await cluster.edit(Pod.self, pod.metadata.name ?? "") { $0.metadata.finalizers = [] }
            }
            try await cluster.until("the second is there") { try await Self.isDone(cluster, "web:2") }
        }
    }

    @Test func pausesScaleAndResume() async throws {
        try await TestCluster.with(Self.controllers, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(deployment())
            try await cluster.until("the first is there") { try await Self.isDone(cluster, "web:1") }
            try await cluster.edit(Deployment.self, "web") { deployment in
                deployment.spec.paused = true
                deployment.spec.replicas = 5
                deployment.spec.template.spec.containers[0].image = "web:2"
            }
            try await cluster.until("it grows, and nothing rolls") {
                let deployment = try await cluster.get(Deployment.self, "web")
                return deployment.status.replicas == 5 && deployment.condition("Progressing")?.reason == "DeploymentPaused"
            }
            #expect(try await cluster.all(ReplicaSet.self).count == 1)
            try await cluster.edit(Deployment.self, "web") { $0.spec.paused = false }
            try await cluster.until("it rolls") { try await Self.isDone(cluster, "web:2", replicas: 5) }
        }
    }

    @Test func aRolloutThatHangsIsCalledSo() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(deployment { $0.spec.progressDeadlineSeconds = 30 })
            try await cluster.until("the pods are there") { try await cluster.all(Pod.self).count == 3 }
            try await cluster.until("it counts them") { try await cluster.get(Deployment.self, "web").status.updatedReplicas == 3 }
            await cluster.clock.waitForSleepers()
            cluster.clock.advance(by: .seconds(33))
            try await cluster.until("the deadline is noticed") {
                try await cluster.get(Deployment.self, "web").condition("Progressing")?.reason == "ProgressDeadlineExceeded"
            }
            #expect(try await cluster.get(Deployment.self, "web").condition("Available")?.status == "False")
        }
    }

    @Test func scalingInARolloutKeepsTheShares() async throws {
        let behaviour: FakeKubelet.Behaviour = { pod, now in .running(ready: pod.spec.containers[0].image == "web:1", since: now) }
        try await TestCluster.with(Self.controllers, kubelet: behaviour) { cluster in
            _ = try await cluster.client.create(
                deployment { deployment in
                    deployment.spec.replicas = 10
                    deployment.spec.strategy = DeploymentStrategy { strategy in
                        strategy.type = "RollingUpdate"
                        strategy.rollingUpdate = RollingUpdateDeployment {
                            $0.maxSurge = 3
                            $0.maxUnavailable = 2
                        }
                    }
                })
            try await cluster.until("the first is there") { try await Self.isDone(cluster, "web:1", replicas: 10) }
            try await Self.setImage(cluster, "broken:1")
            @Sendable func sizes() async throws -> [Int32] { try await cluster.all(ReplicaSet.self).map(\.size).sorted() }
            try await cluster.until("the rollout hangs at 8 and 5") { try await sizes() == [5, 8] }
            try await cluster.until("the old ones beyond are gone") { try await cluster.get(Deployment.self, "web").status.replicas == 13 }
            try await cluster.edit(Deployment.self, "web") { $0.spec.replicas = 30 }
            try await cluster.until("both grow by their share") { try await sizes() == [13, 20] }
        }
    }
}
