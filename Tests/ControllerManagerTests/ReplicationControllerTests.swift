import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

@Suite struct ReplicationControllerTests {
    @Test func podsAreMadeAdoptedReleasedAndRefused() async throws {
        try await TestCluster.with({ [ReplicationControllerController($0)] }, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(
                Pod { pod in
                    pod.metadata.name = "orphan"
                    pod.metadata.namespace = "default"
                    pod.metadata.labels = ["app": "old"]
                    pod.spec = template([:]).spec
                })
            _ = try await cluster.client.create(
                ReplicationController { controller in
                    controller.metadata.name = "old"
                    controller.metadata.namespace = "default"
                    controller.spec.replicas = 2
                    controller.spec.template = template(["app": "old"])
                })
            @Sendable func owned() async throws -> [Pod] {
                try await cluster.all(Pod.self).filter { $0.metadata.controllerReference?.kind == "ReplicationController" }
            }
            try await cluster.until("two pods are ready, one of them adopted") {
                let status = try await cluster.get(ReplicationController.self, "old").status
                return status.readyReplicas == 2 && status.observedGeneration == 1
            }
            #expect(try await owned().contains { $0.metadata.name == "orphan" })
            try await cluster.edit(Pod.self, "orphan") { $0.metadata.labels["app"] = "free" }
            try await cluster.until("another pod comes for the one that left") {
                let names = try await owned().compactMap(\.metadata.name)
                return names.count == 2 && !names.contains("orphan")
            }
            _ = try await cluster.client.create(
                ResourceQuota { quota in
                    quota.metadata.name = "q"
                    quota.metadata.namespace = "default"
                    quota.spec.hard = ["pods": Quantity(3)]
                })
            try await cluster.edit(ReplicationController.self, "old") { $0.spec.replicas = 3 }
            try await cluster.until("the refusal is told") {
                let status = try await cluster.get(ReplicationController.self, "old").status
                return status.conditions.contains {
                    $0.type == "ReplicaFailure" && $0.reason == "FailedCreate" && $0.message?.contains("exceeded quota") == true
                }
            }
            try await cluster.edit(ReplicationController.self, "old") { $0.spec.replicas = 1 }
            try await cluster.until("one pod is left and nothing failed") {
                let status = try await cluster.get(ReplicationController.self, "old").status
                return status.replicas == 1 && status.conditions.isEmpty
            }
        }
    }
}
