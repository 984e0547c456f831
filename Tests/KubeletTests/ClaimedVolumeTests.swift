import CoreV1
import KubernetesAPI
import Linux
import Testing
import VolumeBinding

@testable import Kubelet

@Suite struct ClaimedVolumeTests {
    private static let volume = Volume { volume in
        volume.name = "data"
        volume.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = "mine" }
    }

    private static func objects(
        claim change: (inout PersistentVolumeClaim) -> Void = { _ in }, _ source: (inout PersistentVolumeSpec) -> Void
    ) -> FixedObjects {
        var claim = PersistentVolumeClaim { claim in
            claim.metadata.uid = "c1"
            claim.metadata.annotations[VolumeNames.bindCompleted] = "yes"
            claim.spec.volumeName = "pv"
        }
        change(&claim)
        let volume = PersistentVolume { volume in
            volume.spec.claimRef = ObjectReference { $0.uid = "c1" }
            source(&volume.spec)
        }
        return FixedObjects(claims: ["mine": claim], volumes: ["pv": volume])
    }

    private static func failure(_ objects: FixedObjects) async -> String {
        do {
            _ = try await ClaimedVolume.find(volume, of: Sample.pod(containers: []), objects)
            return ""
        } catch { return "\(error)" }
    }

    @Test func aLocalVolumesFolderMustBeThere() async throws {
        try await withTemporaryFolder { folder in
            let objects = Self.objects { $0.local = LocalVolumeSource { $0.path = "\(folder)/data" } }
            #expect(await Self.failure(objects) == "path \"\(folder)/data\" does not exist")
            try Files.makeDirectory("\(folder)/data")
            let found = try await ClaimedVolume.find(Self.volume, of: Sample.pod(containers: []), objects)
            #expect(found.path == "\(folder)/data" && found.takesGroup)
        }
    }

    @Test func aHostPathWithoutTypeIsMade() async throws {
        try await withTemporaryFolder { folder in
            let objects = Self.objects { $0.hostPath = HostPathVolumeSource { $0.path = "\(folder)/new" } }
            let found = try await ClaimedVolume.find(Self.volume, of: Sample.pod(containers: []), objects)
            #expect(Files.isDirectory(found.path) && !found.takesGroup)
        }
    }

    @Test func whatCannotBeMountedIsNamed() async {
        #expect(await Self.failure(FixedObjects()).contains("persistentvolumeclaim \"mine\" not found"))
        let unbound = Self.objects(claim: { $0.metadata.annotations = [:] }) { _ in }
        #expect(await Self.failure(unbound).hasSuffix("PVC is not bound"))
        let another = Self.objects { $0.claimRef?.uid = "c2" }
        #expect(await Self.failure(another).hasSuffix("volume pv is bound to another claim"))
        #expect(await Self.failure(Self.objects { $0.volumeMode = "Block" }).hasPrefix("volume pv is a block device"))
        #expect(await Self.failure(Self.objects { $0.nfs = NFSVolumeSource() }).hasPrefix("no volume plugin matched"))
    }
}
