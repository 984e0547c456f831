import CoreV1
import KubernetesAPI
import StorageV1
import Testing
import VolumeBinding

@testable import LocalStorage

@Suite struct LocalVolumeTests {
    private static let node = Node { node in
        node.metadata.name = "n1"
        node.metadata.labels = [LocalVolume.hostLabel: "n1.example"]
    }

    private static func claim(_ change: (inout PersistentVolumeClaim) -> Void = { _ in }) -> PersistentVolumeClaim {
        var claim = PersistentVolumeClaim { claim in
            claim.metadata.name = "data"
            claim.metadata.namespace = "shop"
            claim.metadata.uid = "1234"
            claim.spec.storageClassName = "local-path"
            claim.spec.accessModes = ["ReadWriteOnce"]
            claim.spec.resources = VolumeResourceRequirements { $0.requests = ["storage": Quantity(1024)] }
        }
        change(&claim)
        return claim
    }

    @Test func aVolumeIsOfItsNodeAndForItsClaim() throws {
        let volume = try LocalVolume.volume(
            for: Self.claim(), StorageClass { $0.reclaimPolicy = "Retain" }, node: Self.node, folder: "/data/volumes")
        #expect(volume.metadata.name == "pvc-1234")
        #expect(volume.spec.local?.path == "/data/volumes/pvc-1234_shop_data")
        #expect(volume.spec.claimRef?.uid == "1234" && volume.spec.claimRef?.namespace == "shop")
        #expect(volume.spec.persistentVolumeReclaimPolicy == "Retain")
        #expect(volume.metadata.annotations[VolumeNames.provisionedBy] == "apus.dev/local-path")
        #expect(volume.isReachable(from: SelectableNode(Self.node)))
        #expect(!volume.isReachable(from: SelectableNode(name: "n2", labels: [LocalVolume.hostLabel: "n2.example"])))
    }

    @Test(
        arguments: [
            { $0.spec.volumeMode = "Block" }, { $0.spec.accessModes = ["ReadWriteMany"] }, { $0.spec.selector = LabelSelector() },
        ] as [@Sendable (inout PersistentVolumeClaim) -> Void])
    func whatAFolderCannotBe(_ change: @Sendable (inout PersistentVolumeClaim) -> Void) {
        #expect(throws: LocalVolume.Unsupported.self) {
            try LocalVolume.volume(for: Self.claim(change), StorageClass(), node: Self.node, folder: "/data")
        }
    }

    @Test(
        "Only what was made here is removed",
        arguments: [
            ("/data/pvc-1_shop_data", true), ("/data/pvc-2_shop_data", false), ("/etc", false), ("/data/pvc-1_/../../etc", false),
            ("/data/pvc-1_a/b", false), ("/data", false), ("/other/pvc-1_shop_data", false),
        ])
    func removal(_ path: String, _ isOurs: Bool) {
        #expect(LocalVolume.isOurs(path, of: "pvc-1", folder: "/data") == isOurs)
    }
}
