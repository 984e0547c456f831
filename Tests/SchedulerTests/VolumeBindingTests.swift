import CoreV1
import KubernetesAPI
import StorageV1
import Testing
import VolumeBinding

@testable import Scheduler

/// Where pods with claims go, decided by the core alone.
@Suite struct VolumeBindingTests {
    private static func node(_ name: String) -> Change {
        .node(
            Node { node in
                node.metadata.name = name
                node.metadata.labels = ["kubernetes.io/hostname": name]
                node.status.allocatable = ["cpu": Quantity(4), "memory": Quantity(1 << 33), "pods": Quantity(10)]
            })
    }

    private static let pod = Pod { pod in
        pod.metadata.name = "db"
        pod.metadata.namespace = "default"
        pod.metadata.uid = "pod"
        pod.spec.containers = [Container { $0.name = "c" }]
        pod.spec.volumes = [
            Volume { volume in
                volume.name = "data"
                volume.persistentVolumeClaim = PersistentVolumeClaimVolumeSource { $0.claimName = "data" }
            }
        ]
    }

    private static func claim(_ change: (inout PersistentVolumeClaim) -> Void = { _ in }) -> Change {
        var claim = PersistentVolumeClaim { claim in
            claim.metadata.name = "data"
            claim.metadata.namespace = "default"
            claim.metadata.uid = "claim"
            claim.spec.storageClassName = "local"
            claim.spec.accessModes = ["ReadWriteOnce"]
        }
        change(&claim)
        return .volumes(.claim(claim))
    }

    private static func storageClass(_ mode: String, provisioner: String = "example.com/maker") -> Change {
        .volumes(
            .storageClass(
                StorageClass {
                    $0.metadata.name = "local"
                    $0.provisioner = provisioner
                    $0.volumeBindingMode = mode
                }))
    }

    private static func volume(on node: String) -> Change {
        .volumes(
            .volume(
                PersistentVolume { volume in
                    volume.metadata.name = "pv"
                    volume.spec.storageClassName = "local"
                    volume.spec.accessModes = ["ReadWriteOnce"]
                    volume.status.phase = "Available"
                    volume.spec.nodeAffinity = VolumeNodeAffinity { affinity in
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
                }))
    }

    private static let bound: @Sendable (inout PersistentVolumeClaim) -> Void = { claim in
        claim.spec.volumeName = "pv"
        claim.metadata.annotations[VolumeNames.bindCompleted] = "yes"
    }

    /// The node, or the message.
    private static func decision(_ changes: [Change]) -> String {
        let core = SchedulerCore(random: { 0 })
        for change in [node("n1"), node("n2")] + changes + [.pod(pod)] { core.apply(change, now: .zero) }
        switch core.next(now: .zero) {
        case .bind(_, let node): return node
        case .unschedulable(_, let message): return message
        default: return "nothing"
        }
    }

    @Test(
        "Decisions",
        arguments: [
            ([], "0/2 nodes are available: persistentvolumeclaim \"data\" not found."),
            ([claim()], "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
            ([claim(), storageClass("Immediate")], "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims."),
            ([claim(), storageClass("WaitForFirstConsumer")], "n"),
            (
                [claim { $0.metadata.deletionTimestamp = Time(seconds: 1) }],
                "0/2 nodes are available: persistentvolumeclaim \"data\" is being deleted."
            ),
            ([claim(bound)], "0/2 nodes are available: 2 node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)."),
            ([claim(bound), volume(on: "n2")], "n2"),
            ([claim(bound), volume(on: "n3")], "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity."),
            (
                [claim(), storageClass("WaitForFirstConsumer", provisioner: VolumeNames.noProvisioner)],
                "0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind."
            ),
            ([claim(), storageClass("WaitForFirstConsumer", provisioner: VolumeNames.noProvisioner), volume(on: "n1")], "n1"),
            ([claim { $0.metadata.annotations[VolumeNames.selectedNode] = "n2" }, storageClass("WaitForFirstConsumer")], "n2"),
        ] as [([Change], String)])
    func decisions(_ changes: [Change], _ expected: String) {
        let decision = Self.decision(changes)
        #expect(decision.hasPrefix(expected), "\(decision)")
    }

    @Test func aVolumeThatComesWakesThePod() {
        let core = SchedulerCore(random: { 0 })
        for change in [Self.node("n1"), Self.claim(Self.bound), .pod(Self.pod)] { core.apply(change, now: .zero) }
        guard case .unschedulable = core.next(now: .zero) else {
            Issue.record("there is no volume yet")
            return
        }
        if core.next(now: .seconds(5)) != nil { Issue.record("nothing has changed") }
        core.apply(Self.volume(on: "n1"), now: .seconds(20))
        guard case .bind(_, let node)? = core.next(now: .seconds(40)) else {
            Issue.record("the volume is there")
            return
        }
        #expect(node == "n1")
    }
}
