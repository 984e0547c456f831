import CoreV1
import KubernetesAPI
import KubernetesClient
import StorageV1
import Testing
import VolumeBinding

@testable import ControllerManager

@Suite struct PersistentVolumeTests {
    private static let controllers: @Sendable (ControllerContext) -> [any Controller] = {
        [PersistentVolumeController($0), ClaimProtectionController($0), VolumeProtectionController($0), EphemeralVolumeController($0)]
    }

    private static func volume(_ name: String, _ change: (inout PersistentVolume) -> Void = { _ in }) -> PersistentVolume {
        var volume = PersistentVolume { volume in
            volume.metadata.name = name
            volume.spec.capacity = ["storage": Quantity(1 << 30, format: .binarySI)]
            volume.spec.accessModes = ["ReadWriteOnce"]
            volume.spec.hostPath = HostPathVolumeSource { $0.path = "/tmp/\(name)" }
        }
        change(&volume)
        return volume
    }

    private static func claim(_ name: String, _ change: (inout PersistentVolumeClaim) -> Void = { _ in }) -> PersistentVolumeClaim {
        var claim = PersistentVolumeClaim { claim in
            claim.metadata.name = name
            claim.metadata.namespace = "default"
            claim.spec.storageClassName = ""
            claim.spec.accessModes = ["ReadWriteOnce"]
            claim.spec.resources = VolumeResourceRequirements { $0.requests = ["storage": Quantity(1 << 20, format: .binarySI)] }
        }
        change(&claim)
        return claim
    }

    private static func pod(_ name: String, node: String?, _ volume: (inout Volume) -> Void) -> Pod {
        Pod { pod in
            pod.metadata.name = name
            pod.metadata.namespace = "default"
            pod.spec = template([:]).spec
            pod.spec.nodeName = node
            var one = Volume { $0.name = "data" }
            volume(&one)
            pod.spec.volumes = [one]
        }
    }

    private static func isBound(_ cluster: TestCluster, _ claim: String, to volume: String) async throws -> Bool {
        let claim = try await cluster.get(PersistentVolumeClaim.self, claim)
        let volume = try await cluster.get(PersistentVolume.self, volume)
        return claim.status.phase == "Bound" && claim.isBound && claim.spec.volumeName == volume.metadata.name
            && claim.status.capacity["storage"]?.value == volume.spec.capacity["storage"]?.value && volume.status.phase == "Bound"
            && volume.spec.claimRef?.uid == claim.metadata.uid
    }

    @Test func claimsAndVolumesFindEachOther() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(Self.claim("early"))
            try await cluster.until("it waits") { try await cluster.get(PersistentVolumeClaim.self, "early").status.phase == "Pending" }
            _ = try await cluster.client.create(Self.volume("one"))
            try await cluster.until("bound") { try await Self.isBound(cluster, "early", to: "one") }
            _ = try await cluster.client.create(Self.volume("two"))
            try await cluster.until("free") { try await cluster.get(PersistentVolume.self, "two").status.phase == "Available" }
            _ = try await cluster.client.create(Self.claim("late"))
            try await cluster.until("bound too") { try await Self.isBound(cluster, "late", to: "two") }
            // What was bound stays as it was.
            #expect(try await Self.isBound(cluster, "early", to: "one"))
        }
    }

    @Test func aVolumeIsReleasedWithItsClaimAndNotGivenToAnother() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(Self.volume("one"))
            _ = try await cluster.client.create(Self.claim("data"))
            try await cluster.until("bound") { try await Self.isBound(cluster, "data", to: "one") }
            try await cluster.client.delete(PersistentVolumeClaim.self, "data", namespace: "default")
            try await cluster.until("released") { try await cluster.get(PersistentVolume.self, "one").status.phase == "Released" }
            _ = try await cluster.client.create(Self.claim("data"))
            try await cluster.until("the next of its name waits") {
                try await cluster.get(PersistentVolumeClaim.self, "data").status.phase == "Pending"
            }
            #expect(try await cluster.get(PersistentVolume.self, "one").status.phase == "Released")
        }
    }

    @Test func aClaimInUseStaysUntilItsPodIsGone() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(Self.volume("one"))
            _ = try await cluster.client.create(Self.claim("data"))
            try await cluster.until("bound") { try await Self.isBound(cluster, "data", to: "one") }
            _ = try await cluster.client.create(
                Self.pod("user", node: "n1") { volume in
                    volume.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = "data" }
                })
            try await cluster.client.delete(PersistentVolumeClaim.self, "data", namespace: "default")
            try await cluster.client.delete(PersistentVolume.self, "one")
            // Something that comes after the deletions and is done by the same controllers.
            _ = try await cluster.client.create(Self.claim("other"))
            try await cluster.until("the other waits") { try await cluster.get(PersistentVolumeClaim.self, "other").status.phase == "Pending" }
            #expect(try await cluster.get(PersistentVolumeClaim.self, "data").metadata.finalizers == [ClaimProtectionController.finalizer])
            #expect(try await cluster.get(PersistentVolume.self, "one").metadata.finalizers == [VolumeProtectionController.finalizer])
            try await cluster.client.delete(Pod.self, "user", namespace: "default", DeleteOptions { $0.gracePeriodSeconds = 0 })
            try await cluster.until("all are gone") {
                let claims = try await cluster.all(PersistentVolumeClaim.self).compactMap(\.metadata.name)
                return try await cluster.all(PersistentVolume.self).isEmpty && claims == ["other"]
            }
        }
    }

    @Test func aVolumeIsAskedForWhenItIsKnownWhere() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(
                StorageClass { storageClass in
                    storageClass.metadata.name = "local"
                    storageClass.provisioner = "example.com/maker"
                    storageClass.volumeBindingMode = "WaitForFirstConsumer"
                })
            _ = try await cluster.client.create(Self.claim("data") { $0.spec.storageClassName = "local" })
            try await cluster.until("it waits for a pod") {
                try await cluster.all(Event.self).contains { $0.reason == "WaitForFirstConsumer" }
            }
            #expect(try await cluster.get(PersistentVolumeClaim.self, "data").metadata.annotations[VolumeNames.provisioner] == nil)
            try await cluster.edit(PersistentVolumeClaim.self, "data") { $0.metadata.annotations[VolumeNames.selectedNode] = "n1" }
            try await cluster.until("the maker is told") {
                try await cluster.get(PersistentVolumeClaim.self, "data").metadata.annotations[VolumeNames.provisioner] == "example.com/maker"
            }
            let claim = try await cluster.get(PersistentVolumeClaim.self, "data")
            _ = try await cluster.client.create(
                Self.volume("made") { volume in
                    volume.metadata.annotations[VolumeNames.provisionedBy] = "example.com/maker"
                    volume.spec.storageClassName = "local"
                    volume.spec.persistentVolumeReclaimPolicy = "Delete"
                    volume.spec.claimRef = ObjectReference(claim)
                })
            try await cluster.until("bound") { try await Self.isBound(cluster, "data", to: "made") }
            try await cluster.client.delete(PersistentVolumeClaim.self, "data", namespace: "default")
            // The maker deletes it: for this controller it is released, and no more.
            try await cluster.until("released") { try await cluster.get(PersistentVolume.self, "made").status.phase == "Released" }
        }
    }

    @Test func anEphemeralVolumesClaimIsThePods() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(Self.claim("taken-data"))
            for name in ["web", "taken"] {
                _ = try await cluster.client.create(
                    Self.pod(name, node: nil) { volume in
                        volume.ephemeral = EphemeralVolumeSource { source in
                            source.volumeClaimTemplate = PersistentVolumeClaimTemplate { template in
                                template.metadata.labels = ["for": "web"]
                                template.spec = Self.claim("").spec
                            }
                        }
                    })
            }
            try await cluster.until("the claim is there") {
                let claim = try await cluster.all(PersistentVolumeClaim.self).first { $0.metadata.name == "web-data" }
                let pod = try await cluster.get(Pod.self, "web")
                return claim?.metadata.labels == ["for": "web"] && claim?.metadata.isControlled(by: pod.metadata) == true
            }
            try await cluster.until("the other's name is taken") {
                try await cluster.all(Event.self).contains {
                    $0.reason == "EphemeralVolumeCreationFailed"
                        && $0.message == "PVC default/taken-data was not created for pod default/taken (pod is not owner)"
                }
            }
        }
    }
}
