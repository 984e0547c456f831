import CoreV1
import DiscoveryV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func endpoints(_ addresses: [String], notReady: [String] = [], port: Int32 = 80) -> Endpoints {
    Endpoints { endpoints in
        endpoints.metadata.name = "outside"
        endpoints.metadata.namespace = "default"
        endpoints.metadata.labels = ["team": "a"]
        endpoints.subsets = [
            EndpointSubset { subset in
                subset.addresses = addresses.map { ip in EndpointAddress { $0.ip = ip } }
                subset.notReadyAddresses = notReady.map { ip in EndpointAddress { $0.ip = ip } }
                subset.ports = [CoreV1.EndpointPort { $0.port = port }]
            }
        ]
    }
}

@Suite struct MirrorPlanTests {
    @Test func eachFamilyHasItsSlice() throws {
        let plan = MirrorPlan(endpoints(["192.0.2.1", "2001:db8::1"], notReady: ["192.0.2.2", "nonsense"]), existing: [])
        #expect(plan.creations.map(\.addressType) == ["IPv4", "IPv6"])
        let first = try #require(plan.creations.first)
        #expect(first.endpoints.map { $0.conditions?.ready } == [true, false])
        #expect(first.metadata.labels["kubernetes.io/service-name"] == "outside")
        #expect(first.metadata.labels["team"] == "a")
    }

    @Test func onlyWhatDiffersIsWritten() throws {
        var slice = try #require(MirrorPlan(endpoints(["192.0.2.1"]), existing: []).creations.first)
        slice.metadata.name = "outside-x"
        let same = MirrorPlan(endpoints(["192.0.2.1"]), existing: [slice])
        #expect(same.creations.isEmpty && same.updates.isEmpty && same.deletions.isEmpty)
        let other = MirrorPlan(endpoints(["192.0.2.1"], port: 81), existing: [slice])
        #expect(other.creations.count == 1 && other.deletions.count == 1)
        #expect(MirrorPlan(endpoints((0..<1200).map { "10.0.\($0 / 250).\($0 % 250)" }), existing: [slice]).skipped == 200)
    }
}

@Suite struct MirroringControllerTests {
    @Test func endpointsOfServicesWithoutSelectorsAreCopied() async throws {
        try await TestCluster.with({ [EndpointSliceMirroringController($0)] }) { cluster in
            _ = try await cluster.client.create(endpoints(["192.0.2.1"]))
            _ = try await cluster.client.create(
                Service { service in
                    service.metadata.name = "outside"
                    service.metadata.namespace = "default"
                    service.spec.ports = [ServicePort { $0.port = 80 }]
                })
            @Sendable func mirrored() async throws -> [EndpointSlice] {
                try await cluster.all(EndpointSlice.self).filter { $0.metadata.labels["kubernetes.io/service-name"] == "outside" }
            }
            try await cluster.until("there is a slice") { try await mirrored().first?.endpoints.first?.addresses == ["192.0.2.1"] }
            try await cluster.edit(Endpoints.self, "outside") { $0.subsets[0].addresses[0].ip = "192.0.2.9" }
            try await cluster.until("the slice follows") { try await mirrored().first?.endpoints.first?.addresses == ["192.0.2.9"] }
            try await cluster.edit(Service.self, "outside") { $0.spec.selector = ["app": "x"] }
            try await cluster.until("the slice is gone") { try await mirrored().isEmpty }
        }
    }
}
