import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func statefulSet(_ change: (inout StatefulSet) -> Void = { _ in }) -> StatefulSet {
    var set = StatefulSet { set in
        set.metadata.name = "db"
        set.metadata.namespace = "default"
        set.spec.replicas = 3
        set.spec.serviceName = "db"
        set.spec.selector = labelSelector(["app": "db"])
        set.spec.template = template(["app": "db"])
        set.spec.updateStrategy = StatefulSetUpdateStrategy { $0.type = "RollingUpdate" }
    }
    change(&set)
    return set
}

/// A pod of `revision`, ready unless said otherwise.
private func pod(_ ordinal: Int, _ revision: String = "new", ready: Bool = true) -> Pod {
    var pod = statefulSet().pod(ordinal, revision: revision)
    pod.metadata.uid = "uid-\(ordinal)"
    pod.status = .running(ready: ready, since: 0)
    return pod
}

private func round(_ set: StatefulSet, _ pods: [Pod]) -> StatefulRound {
    func revision(_ name: String, image: String) -> ControllerRevision {
        ControllerRevision { revision in
            revision.metadata.name = name
            revision.data = RawJSON(template(["app": "db"], image: image).revisionPatch)
        }
    }
    let revisions = StatefulRevisions(current: revision("old", image: "web:0"), update: revision("new", image: "web:1"), collisions: 0)
    return StatefulRound(set, revisions, pods, now: 100)
}

@Suite struct StatefulRoundTests {
    @Test func namesTellOrdinals() {
        let set = statefulSet()
        func ordinal(_ name: String) -> Int? { set.ordinal(of: Pod { $0.metadata.name = name }) }
        #expect(ordinal("db-0") == 0)
        #expect(ordinal("db-12") == 12)
        for name in ["db", "db-", "db-x", "db-01", "db--1", "other-1", "db-1-2"] { #expect(ordinal(name) == nil) }
    }

    @Test func podsOutsideOfTheOrdinalsAreTooMany() {
        let round = round(statefulSet { $0.spec.ordinals = StatefulSetOrdinals { $0.start = 2 } }, (0..<6).map { pod($0) })
        #expect(round.replicas.compactMap(\.metadata.name) == ["db-2", "db-3", "db-4"])
        #expect(round.condemned.compactMap(\.metadata.name) == ["db-5", "db-1", "db-0"])
    }

    @Test(
        arguments: [
            // partition, maxUnavailable; the revisions of three pods, those that are not ready; those that go
            (nil, nil, ["old", "old", "old"], [], ["db-2"]),
            (nil, nil, ["old", "old", "new"], [], ["db-1"]),
            (nil, nil, ["old", "old", "new"], [2], []),
            (nil, nil, ["old", "old", "old"], [2], ["db-2"]),
            (2, nil, ["old", "old", "new"], [], []),
            (1, nil, ["old", "old", "new"], [], ["db-1"]),
            (nil, 2, ["old", "old", "old"], [], ["db-2", "db-1"]),
            (nil, "70%", ["old", "old", "old"], [], ["db-2", "db-1"]),
            (nil, 2, ["old", "old", "new"], [2], ["db-1"]),
            (3, nil, ["old", "old", "old"], [], []),
        ] as [(Int32?, IntOrString?, [String], [Int], [String])])
    func updatesGoFromTheHighestOrdinalDown(
        partition: Int32?, unavailable: IntOrString?, revisions: [String], unready: [Int], expected: [String]
    ) {
        let set = statefulSet { set in
            set.spec.updateStrategy?.rollingUpdate = RollingUpdateStatefulSetStrategy {
                $0.partition = partition
                $0.maxUnavailable = unavailable
            }
        }
        let pods = revisions.enumerated().map { pod($0.offset, $0.element, ready: !unready.contains($0.offset)) }
        #expect(round(set, pods).outdated.compactMap(\.metadata.name) == expected)
    }

    @Test func missingPodsBelowThePartitionAreOfTheOldRevision() {
        let set = statefulSet { $0.spec.updateStrategy?.rollingUpdate = RollingUpdateStatefulSetStrategy { $0.partition = 2 } }
        let replicas = round(set, []).replicas
        #expect(replicas.map(\.revisionName) == ["old", "old", "new"])
        #expect(replicas.map { $0.spec.containers[0].image } == ["web:0", "web:0", "web:1"])
    }

    @Test(
        arguments: [
            // whenDeleted, whenScaled, ordinal; the kinds that own the claim
            ("Retain", "Retain", 0, []), ("Retain", "Retain", 5, []), ("Delete", "Retain", 0, ["StatefulSet"]),
            ("Delete", "Retain", 5, ["StatefulSet"]),
            ("Retain", "Delete", 0, []), ("Retain", "Delete", 5, ["Pod"]), ("Delete", "Delete", 0, ["StatefulSet"]), ("Delete", "Delete", 5, ["Pod"]),
        ] as [(String, String, Int, [String])])
    func claimsBelongToWhatTheyAreToGoWith(deleted: String, scaled: String, ordinal: Int, expected: [String]) {
        let set = statefulSet { set in
            set.metadata.uid = "set"
            set.spec.persistentVolumeClaimRetentionPolicy = StatefulSetPersistentVolumeClaimRetentionPolicy {
                $0.whenDeleted = deleted
                $0.whenScaled = scaled
            }
        }
        // Whatever owned it before.
        let claim = PersistentVolumeClaim { claim in
            claim.metadata.ownerReferences = [OwnerReference(controller: set), OwnerReference(controller: pod(ordinal))]
        }
        #expect(set.owners(of: claim, pod: pod(ordinal)).map(\.kind) == expected)
        #expect(set.owners(of: PersistentVolumeClaim(), pod: pod(ordinal)).map(\.kind) == expected)
    }
}

@Suite struct StatefulSetControllerTests {
    private static let controllers: @Sendable (ControllerContext) -> [any Controller] = { [StatefulSetController($0)] }

    @Test func podsComeAndGoInOrderAndKeepTheirClaims() async throws {
        let gate = Gate(["db-0"])
        let behaviour: FakeKubelet.Behaviour = { pod, now in gate.isOpen(for: pod) ? .running(ready: true, since: now) : nil }
        try await TestCluster.with(Self.controllers, kubelet: behaviour) { cluster in
            _ = try await cluster.client.create(
                statefulSet { set in
                    set.spec.volumeClaimTemplates = [
                        PersistentVolumeClaim { claim in
                            claim.metadata.name = "data"
                            claim.spec.accessModes = ["ReadWriteOnce"]
                            claim.spec.resources = VolumeResourceRequirements { $0.requests = ["storage": Quantity(1)] }
                        }
                    ]
                })
            try await cluster.until("the second pod waits") { try await cluster.all(Pod.self).count == 2 }
            var pods = try await cluster.all(Pod.self)
            #expect(pods.compactMap(\.metadata.name) == ["db-0", "db-1"])
            #expect(pods[1].spec.hostname == "db-1" && pods[1].spec.subdomain == "db")
            #expect(pods[1].metadata.labels[StatefulSet.podIndexLabel] == "1")
            #expect(pods[1].spec.volumes.first?.persistentVolumeClaim?.claimName == "data-db-1")
            gate.open(["db-1", "db-2"])
            try await cluster.edit(Pod.self, "db-1") { $0.metadata.annotations["again"] = "1" }
            try await cluster.until("all are ready") {
                let status = try await cluster.get(StatefulSet.self, "db").status
                return status.readyReplicas == 3 && status.currentRevision == status.updateRevision && status.currentReplicas == 3
            }
            try await cluster.edit(StatefulSet.self, "db") { $0.spec.replicas = 1 }
            try await cluster.until("one is left") { try await cluster.get(StatefulSet.self, "db").status.replicas == 1 }
            pods = try await cluster.all(Pod.self)
            #expect(pods.compactMap(\.metadata.name) == ["db-0"])
            #expect(try await cluster.all(PersistentVolumeClaim.self).compactMap(\.metadata.name) == ["data-db-0", "data-db-1", "data-db-2"])
        }
    }

    @Test func updatesStopAtThePartitionAndComeBack() async throws {
        try await TestCluster.with(Self.controllers, kubelet: FakeKubelet.runsEverything) { cluster in
            _ = try await cluster.client.create(
                statefulSet { set in
                    set.spec.podManagementPolicy = "Parallel"
                    set.spec.updateStrategy?.rollingUpdate = RollingUpdateStatefulSetStrategy { $0.partition = 2 }
                })
            @Sendable func images() async throws -> [String] { try await cluster.all(Pod.self).compactMap { $0.spec.containers[0].image } }
            try await cluster.until("all are ready") { try await cluster.get(StatefulSet.self, "db").status.readyReplicas == 3 }
            let first = try #require(try await cluster.get(StatefulSet.self, "db").status.currentRevision)
            try await cluster.edit(StatefulSet.self, "db") { $0.spec.template.spec.containers[0].image = "web:2" }
            try await cluster.until("the canary is new") {
                let status = try await cluster.get(StatefulSet.self, "db").status
                return status.updatedReplicas == 1 && status.readyReplicas == 3 && status.currentReplicas == 2
            }
            #expect(try await images() == ["web:1", "web:1", "web:2"])
            try await cluster.edit(StatefulSet.self, "db") { $0.spec.updateStrategy?.rollingUpdate?.partition = 0 }
            try await cluster.until("all are new") {
                let status = try await cluster.get(StatefulSet.self, "db").status
                return status.currentRevision == status.updateRevision && status.currentRevision != first && status.updatedReplicas == 3
            }
            #expect(try await images() == ["web:2", "web:2", "web:2"])
            // Back to the first template: its revision comes back with the next number.
            try await cluster.edit(StatefulSet.self, "db") { $0.spec.template.spec.containers[0].image = "web:1" }
            try await cluster.until("all are as at first") {
                let status = try await cluster.get(StatefulSet.self, "db").status
                return status.currentRevision == first && status.updatedReplicas == 3 && status.readyReplicas == 3
            }
            #expect(try await cluster.all(ControllerRevision.self).map(\.revision).sorted() == [2, 3])
        }
    }

    @Test func failedPodsAreMadeAnew() async throws {
        try await TestCluster.with(Self.controllers) { cluster in
            _ = try await cluster.client.create(statefulSet { $0.spec.replicas = 1 })
            try await cluster.until("the pod is there") { try await cluster.all(Pod.self).count == 1 }
            let uid = try await cluster.get(Pod.self, "db-0").metadata.uid
            try await cluster.edit(Pod.self, "db-0", subresource: "status") { $0.status.phase = "Failed" }
            try await cluster.until("another has its name") {
                let pods = try await cluster.all(Pod.self)
                return pods.count == 1 && pods[0].metadata.uid != uid
            }
        }
    }
}
