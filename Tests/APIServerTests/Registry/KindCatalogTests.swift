import KubernetesAPI
import Testing

@testable import APIServer

/// No kind is served without its rules by being forgotten.
@Suite("Every kind of the catalogue")
struct KindCatalogTests {
    /// Why a kind has no rules beyond those of every object.
    private static let withoutRules: [String: String] = [
        "clustertrustbundles.certificates.k8s.io": "beta, off unless asked for",
        "leasecandidates.coordination.k8s.io": "alpha and beta, off unless asked for",
        "devicetaintrules.resource.k8s.io": "alpha and beta, off unless asked for",
        "podgroups.scheduling.k8s.io": "alpha, off unless asked for",
        "resourcepoolstatusrequests.resource.k8s.io": "alpha, off unless asked for",
        "storageversionmigrations.storagemigration.k8s.io": "beta, off unless asked for",
        "storageversions.internal.apiserver.k8s.io": "alpha, off unless asked for",
        "workloads.scheduling.k8s.io": "alpha, off unless asked for",
    ]

    @Test("has rules, or a reason to have none")
    func rules() {
        let kept = Set(ResourceCatalog.builtIn.resources.filter { $0.verbs.contains("list") }.map { KindTable.name($0.type) })
        let known = Set(KindTable.strategies.keys)
        #expect(known.subtracting(kept) == [], "rules for what there is not")
        // Served as another group's view of what is kept once.
        let aliases: Set = ["events.events.k8s.io"]
        #expect(kept.subtracting(known).subtracting(aliases) == Set(Self.withoutRules.keys))
    }

    @Test("without rules none is stable")
    func stable() {
        let versions = ResourceCatalog.builtIn.resources.filter { Self.withoutRules[KindTable.name($0.type)] != nil }.map(\.type.version)
        #expect(!versions.isEmpty && versions.allSatisfy { $0.contains("alpha") || $0.contains("beta") })
    }
}
