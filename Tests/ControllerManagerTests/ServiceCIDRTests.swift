import CoreV1
import KubernetesAPI
import KubernetesClient
import NetworkingV1
import Testing

@testable import ControllerManager

@Suite(.timeLimit(.minutes(2))) struct ServiceCIDRTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.96.0.0/12", true, true), ("10.96.0.0/12", "10.0.0.0/8", false, true), ("10.96.0.0/12", "10.112.0.0/12", false, false),
            ("0.0.0.0/0", "10.0.0.0/8", true, true), ("0.0.0.0/0", "fd00::/64", false, false), ("fd00::/63", "fd00:0:0:1::/64", true, true),
            ("10.0.0.128/25", "10.0.0.127/32", false, false),
        ])
    func rangesInRanges(_ one: String, _ other: String, _ contains: Bool, _ overlaps: Bool) throws {
        let (one, other) = (try #require(AddressRange(one)), try #require(AddressRange(other)))
        #expect(one.contains(other) == contains)
        #expect(one.overlaps(other) == overlaps && other.overlaps(one) == overlaps)
    }

    @Test(arguments: ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "a/8", "10.0.0.0/-1"])
    func noRanges(_ text: String) { #expect(AddressRange(text) == nil) }

    private func range(_ name: String, _ text: String) -> ServiceCIDR {
        ServiceCIDR {
            $0.metadata.name = name
            $0.spec.cidrs = [text]
        }
    }

    @Test func aRangeIsReadyAndStaysWhileItIsNeeded() async throws {
        try await TestCluster.with({ [ServiceCIDRController($0)] }) { cluster in
            @Sendable func ready(_ name: String) async throws -> Condition? {
                try await cluster.client.get(ServiceCIDR.self, name).status.conditions.first { $0.type == "Ready" }
            }
            // The one that every cluster has.
            try await cluster.until("kubernetes is ready") { try await ready("kubernetes")?.status == "True" }
            _ = try await cluster.client.create(range("more", "10.200.0.0/24"))
            try await cluster.until("more is ready") { try await ready("more")?.status == "True" }
            #expect(try await cluster.client.get(ServiceCIDR.self, "more").metadata.finalizers == [ServiceCIDRController.finalizer])

            _ = try await cluster.client.create(
                Service {
                    $0.metadata.name = "web"
                    $0.metadata.namespace = "default"
                    $0.spec.clusterIP = "10.200.0.7"
                    $0.spec.ports = [ServicePort { $0.port = 80 }]
                })
            try await cluster.client.delete(ServiceCIDR.self, "more")
            try await cluster.until("more says what it waits for") {
                let condition = try await ready("more")
                return condition?.status == "False" && condition?.reason == "Terminating"
            }
            // Another range that has the address lets it go, when those who hand out addresses have heard.
            _ = try await cluster.client.create(range("wider", "10.200.0.0/16"))
            try await cluster.until("wider is ready") { try await ready("wider")?.status == "True" }
            cluster.clock.advance(by: .seconds(ServiceCIDRController.secondsKept + 1))
            try await cluster.until("more is gone") { try await cluster.client.list(ServiceCIDR.self).items.count == 2 }

            // So does the service.
            try await cluster.client.delete(ServiceCIDR.self, "wider")
            try await cluster.until("wider waits") { try await ready("wider")?.status == "False" }
            try await cluster.client.delete(Service.self, "web", namespace: "default")
            cluster.clock.advance(by: .seconds(ServiceCIDRController.secondsKept + 1))
            try await cluster.until("wider is gone") { try await cluster.client.list(ServiceCIDR.self).items.count == 1 }
        }
    }
}
