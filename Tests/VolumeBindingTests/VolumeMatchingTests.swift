import CoreV1
import KubernetesAPI
import Testing

@testable import VolumeBinding

private func volume(_ name: String, _ size: Int64, _ change: (inout PersistentVolume) -> Void = { _ in }) -> PersistentVolume {
    var volume = PersistentVolume { volume in
        volume.metadata.name = name
        volume.spec.capacity = ["storage": Quantity(size)]
        volume.spec.accessModes = ["ReadWriteOnce"]
        volume.status.phase = "Available"
    }
    change(&volume)
    return volume
}

private func claim(_ size: Int64, _ change: (inout PersistentVolumeClaim) -> Void = { _ in }) -> PersistentVolumeClaim {
    var claim = PersistentVolumeClaim { claim in
        claim.metadata.name = "data"
        claim.metadata.namespace = "default"
        claim.metadata.uid = "u1"
        claim.spec.accessModes = ["ReadWriteOnce"]
        claim.spec.resources = VolumeResourceRequirements { $0.requests = ["storage": Quantity(size)] }
    }
    change(&claim)
    return claim
}

private func affinity(_ node: String) -> VolumeNodeAffinity {
    VolumeNodeAffinity { affinity in
        affinity.required = NodeSelector { selector in
            selector.nodeSelectorTerms = [
                NodeSelectorTerm { term in
                    term.matchExpressions = [
                        NodeSelectorRequirement {
                            $0.key = "kubernetes.io/hostname"
                            $0.operator = "In"
                            $0.values = [node]
                        }
                    ]
                }
            ]
        }
    }
}

private func reference(_ name: String, uid: String?) -> ObjectReference {
    ObjectReference {
        $0.namespace = "default"
        $0.name = name
        $0.uid = uid
    }
}

@Suite struct VolumeMatchingTests {
    private static func best(_ claim: PersistentVolumeClaim, _ volumes: [PersistentVolume], node: String? = nil, waits: Bool = false) -> String? {
        let node = node.map { SelectableNode(name: $0, labels: ["kubernetes.io/hostname": $0]) }
        return VolumeMatching.best(for: claim, among: volumes, node: node, waits: waits)?.metadata.name
    }

    @Test func theSmallestThatIsLargeEnough() {
        let volumes = [volume("large", 100), volume("b", 50), volume("a", 50), volume("small", 10)]
        #expect(Self.best(claim(20), volumes) == "a")
        #expect(Self.best(claim(60), volumes) == "large")
        #expect(Self.best(claim(101), volumes) == nil)
    }

    @Test(
        "What does not suit is passed over",
        arguments: [
            { $0.status.phase = "Released" }, { $0.spec.storageClassName = "fast" }, { $0.spec.volumeMode = "Block" },
            { $0.spec.accessModes = ["ReadOnlyMany"] }, { $0.spec.claimRef = reference("other", uid: "u2") },
            { $0.spec.claimRef = reference("data", uid: "of an earlier claim") }, { $0.metadata.deletionTimestamp = Time(seconds: 1) },
        ] as [@Sendable (inout PersistentVolume) -> Void])
    func passedOver(_ change: @Sendable (inout PersistentVolume) -> Void) {
        #expect(Self.best(claim(10), [volume("a", 10)]) == "a")
        #expect(Self.best(claim(10), [volume("a", 10, change)]) == nil)
    }

    @Test func aPromisedVolumeComesFirst() {
        let promised = volume("promised", 100) { $0.spec.claimRef = reference("data", uid: nil) }
        #expect(Self.best(claim(10), [volume("a", 10), promised]) == "promised")
        #expect(Self.best(claim(10), [volume("a", 10), promised], waits: true) == "promised")
    }

    @Test func selectorsOfClaimsLookAtLabels() {
        let chosen = claim(10) { $0.spec.selector = LabelSelector { $0.matchLabels = ["disk": "ssd"] } }
        #expect(Self.best(chosen, [volume("a", 10), volume("b", 90) { $0.metadata.labels = ["disk": "ssd"] }]) == "b")
    }

    @Test func nodesDecideWhereTheyAreGiven() {
        let volumes = [volume("a", 10) { $0.spec.nodeAffinity = affinity("n1") }, volume("b", 90) { $0.spec.nodeAffinity = affinity("n2") }]
        #expect(Self.best(claim(5), volumes, node: "n2") == "b")
        #expect(Self.best(claim(5), volumes, node: "n3") == nil)
        // Nobody chooses before the scheduler has.
        #expect(Self.best(claim(5), volumes, waits: true) == nil)
    }

    @Test func podsNameTheirClaims() {
        let pod = Pod { pod in
            pod.metadata.name = "web"
            pod.spec.volumes = [
                Volume {
                    $0.name = "data"
                    $0.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = "mine" }
                },
                Volume {
                    $0.name = "scratch"
                    $0.ephemeral = EphemeralVolumeSource()
                }, Volume { $0.name = "none" },
            ]
        }
        #expect(pod.claims == [PodClaim(name: "mine", isEphemeral: false), PodClaim(name: "web-scratch", isEphemeral: true)])
    }
}
