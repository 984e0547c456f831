import CoreV1
import DiscoveryV1
import KubernetesAPI
import Linux
import Testing

@testable import KubeProxy

@Suite struct RuleTests {
    static let node = ProxyNode(
        name: "n1", addresses: ["192.0.2.1", "fd00::1"], clusterCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/12", zone: "z1")

    /// The commands beyond those for no service at all, with the hash letters of names taken out.
    func commands(_ services: [Service], _ slices: [EndpointSlice]) -> [String] {
        let state = ProxyState(services: services, slices: slices, node: Self.node)
        return RuleScript.changes(from: .base(for: Self.node), to: state.rules).split(separator: "\n").map {
            String($0).replacing(/(service|local|external|endpoint|affinity|firewall)-[A-Z2-7]{8}-/) { "\($0.1)-" }
                .replacing("ip kube-proxy ", with: "")
        }
    }

    @Test func aServiceWithTwoEndpoints() {
        #expect(
            commands([Make.service("web")], [Make.slice("web", ["10.244.0.6", "10.244.0.5"])]) == [
                "add chain endpoint-default/web/tcp/__10.244.0.5/8080",
                "add chain endpoint-default/web/tcp/__10.244.0.6/8080",
                "add chain service-default/web/tcp/",
                "add rule endpoint-default/web/tcp/__10.244.0.5/8080 ip saddr 10.244.0.5 jump mark-for-masquerade",
                "add rule endpoint-default/web/tcp/__10.244.0.5/8080 meta l4proto tcp dnat to 10.244.0.5:8080",
                "add rule endpoint-default/web/tcp/__10.244.0.6/8080 ip saddr 10.244.0.6 jump mark-for-masquerade",
                "add rule endpoint-default/web/tcp/__10.244.0.6/8080 meta l4proto tcp dnat to 10.244.0.6:8080",
                "add rule service-default/web/tcp/ ip daddr 10.96.0.10 tcp dport 80 ip saddr != 10.244.0.0/16 jump mark-for-masquerade",
                "add rule service-default/web/tcp/ numgen random mod 2 vmap { 0 : goto endpoint-default/web/tcp/__10.244.0.5/8080, 1 : goto endpoint-default/web/tcp/__10.244.0.6/8080 }",
                "add rule service-default/web/tcp/ goto endpoint-default/web/tcp/__10.244.0.5/8080",
                "add element cluster-ips { 10.96.0.10 }",
                "add element service-ips { 10.96.0.10 . tcp . 80 comment \"default/web\" : goto service-default/web/tcp/ }",
            ])
    }

    @Test func withoutEndpointsItRefuses() {
        let service = Make.service("web") {
            $0.spec.type = "NodePort"
            $0.spec.ports[0].nodePort = 30080
        }
        #expect(
            commands([service], []) == [
                "add element cluster-ips { 10.96.0.10 }",
                "add element no-endpoint-nodeports { tcp . 30080 comment \"default/web\" : goto reject-chain }",
                "add element no-endpoint-services { 10.96.0.10 . tcp . 80 comment \"default/web\" : goto reject-chain }",
            ])
    }

    @Test func localPolicyWithEndpointsElsewhereIsSilentFromOutside() {
        let service = Make.service("web") {
            $0.spec.type = "LoadBalancer"
            $0.spec.ports[0].nodePort = 30080
            $0.spec.externalTrafficPolicy = "Local"
            $0.spec.loadBalancerSourceRanges = ["198.51.100.0/24", "nonsense"]
            $0.status.loadBalancer = LoadBalancerStatus { $0.ingress = [LoadBalancerIngress { $0.ip = "203.0.113.1" }] }
        }
        let elsewhere = commands([service], [Make.slice("web", ["10.244.1.5"], node: "n2")])
        #expect(elsewhere.contains("add element no-endpoint-nodeports { tcp . 30080 comment \"default/web\" : drop }"))
        #expect(elsewhere.contains("add element no-endpoint-services { 203.0.113.1 . tcp . 80 comment \"default/web\" : drop }"))
        #expect(elsewhere.contains("add element service-ips { 10.96.0.10 . tcp . 80 comment \"default/web\" : goto service-default/web/tcp/ }"))

        let here = commands([service], [Make.slice("web", ["10.244.0.5"]), Make.slice("web", ["10.244.1.5"], node: "n2")])
        #expect(
            here.filter { $0.hasPrefix("add rule external-") || $0.hasPrefix("add rule local-") || $0.hasPrefix("add rule firewall-") } == [
                "add rule external-default/web/tcp/ ip saddr 10.244.0.0/16 goto service-default/web/tcp/",
                "add rule external-default/web/tcp/ fib saddr type local jump mark-for-masquerade",
                "add rule external-default/web/tcp/ fib saddr type local goto service-default/web/tcp/",
                "add rule external-default/web/tcp/ goto local-default/web/tcp/",
                "add rule firewall-default/web/tcp/ ip saddr != { 198.51.100.0/24 } drop",
                "add rule local-default/web/tcp/ goto endpoint-default/web/tcp/__10.244.0.5/8080",
            ])
    }

    @Test func internalPolicyLocal() {
        let service = Make.service("web") { $0.spec.internalTrafficPolicy = "Local" }
        #expect(
            commands([service], [Make.slice("web", ["10.244.1.5"], node: "n2")])
                .contains("add element no-endpoint-services { 10.96.0.10 . tcp . 80 comment \"default/web\" : drop }"))
        let here = commands([service], [Make.slice("web", ["10.244.0.5"]), Make.slice("web", ["10.244.1.5"], node: "n2")])
        #expect(here.contains("add element service-ips { 10.96.0.10 . tcp . 80 comment \"default/web\" : goto local-default/web/tcp/ }"))
        #expect(!here.contains { $0.contains("10.244.1.5") })
    }

    @Test func affinityRemembersPerEndpoint() {
        let service = Make.service("web") {
            $0.spec.sessionAffinity = "ClientIP"
            $0.spec.sessionAffinityConfig = SessionAffinityConfig { $0.clientIP = ClientIPConfig { $0.timeoutSeconds = 60 } }
        }
        let lines = commands([service], [Make.slice("web", ["10.244.0.5"])])
        for line in [
            "add set affinity-default/web/tcp/__10.244.0.5/8080 { type ipv4_addr; flags dynamic, timeout; }",
            "add rule endpoint-default/web/tcp/__10.244.0.5/8080 update @affinity-default/web/tcp/__10.244.0.5/8080 { ip saddr timeout 60s }",
            "add rule service-default/web/tcp/ ip saddr @affinity-default/web/tcp/__10.244.0.5/8080 goto endpoint-default/web/tcp/__10.244.0.5/8080",
        ] {
            #expect(lines.contains(line))
        }
    }

    @Test(
        arguments: [
            // ready, serving, terminating of each endpoint; which are used
            ([(true, true, false), (false, false, false)], [0]),
            ([(true, true, false), (false, true, true)], [0]),
            ([(false, true, true), (false, false, true)], [0]),
            ([(false, true, false)], []),
            ([(false, false, false)], []),
            ([], []),
        ] as [([(Bool, Bool, Bool)], [Int])])
    func readyOnesAreUsedAndEndingOnesWhenThereAreNoOthers(_ conditions: [(Bool, Bool, Bool)], _ used: [Int]) throws {
        let slice = Make.slice("web", conditions.indices.map { "10.244.0.\($0)" }) {
            for (index, condition) in conditions.enumerated() {
                $0.endpoints[index].conditions?.ready = condition.0
                $0.endpoints[index].conditions?.serving = condition.1
                $0.endpoints[index].conditions?.terminating = condition.2
            }
        }
        let port = try #require(ProxyPort.ports(of: Make.service("web")).first)
        let choice = EndpointChoice(EndpointMap([slice], nodeName: "n1")[port.id], for: port, node: Self.node)
        #expect(choice.cluster.map(\.address.description) == used.map { "10.244.0.\($0)" })
        #expect(choice.hasAny == !used.isEmpty)
    }

    @Test func hintsKeepTrafficInTheZoneOnlyWhenAllHaveThem() throws {
        let port = try #require(ProxyPort.ports(of: Make.service("web")).first)
        var slice = Make.slice("web", ["10.244.0.1", "10.244.0.2"]) {
            for (index, zone) in ["z1", "z2"].enumerated() {
                $0.endpoints[index].hints = EndpointHints { $0.forZones = [ForZone { $0.name = zone }] }
            }
        }
        func used() -> [String] {
            EndpointChoice(EndpointMap([slice], nodeName: "n1")[port.id], for: port, node: Self.node).cluster.map(\.address.description)
        }
        #expect(used() == ["10.244.0.1"])
        slice.endpoints[1].hints = nil
        #expect(used() == ["10.244.0.1", "10.244.0.2"])
    }

    @Test func servicesOfOthersAreLeftAlone() {
        let slices = [Make.slice("web", ["10.244.0.5"])]
        #expect(commands([Make.service("web", ip: "None")], slices) == [])
        #expect(commands([Make.service("web", ip: "")], slices) == [])
        #expect(commands([Make.service("web") { $0.spec.type = "ExternalName" }], slices) == [])
        #expect(commands([Make.service("web") { $0.metadata.labels["service.kubernetes.io/service-proxy-name"] = "mesh" }], slices) == [])
        #expect(commands([Make.service("web") { $0.spec.ports[0].port = 70000 }], slices) == [])
    }

    @Test func changesAreOnlyWhatDiffers() {
        func rules(_ addresses: [String]) -> RuleSet {
            ProxyState(
                services: [Make.service("web"), Make.service("other", ip: "10.96.0.11")], slices: [Make.slice("web", addresses)], node: Self.node
            ).rules
        }
        let changes = RuleScript.changes(from: rules(["10.244.0.5"]), to: rules(["10.244.0.6"]))
        #expect(!changes.contains("other"))
        #expect(!changes.contains("element"))
        #expect(changes.contains("flush chain ip kube-proxy service-"))
        #expect(changes.split(separator: "\n").last?.hasPrefix("delete chain ip kube-proxy endpoint-") == true)
        #expect(RuleScript.changes(from: rules(["10.244.0.5"]), to: rules(["10.244.0.5"])) == "")
    }

    @Test func endedFlowsOfDatagrams() throws {
        let dns = ProxyState.Destination(address: IPv4("10.96.0.10"), port: 53)
        let a = try #require(IPv4("10.244.0.1"))
        let b = try #require(IPv4("10.244.0.2"))
        #expect(Conntrack.stale(from: [dns: [a, b]], to: [dns: [b]]) == [.init(destination: dns, target: a)])
        #expect(Conntrack.stale(from: [dns: [a]], to: [:]) == [.init(destination: dns, target: a)])
        #expect(Conntrack.stale(from: [dns: []], to: [dns: [a]]) == [.init(destination: dns, target: nil)])
        #expect(Conntrack.stale(from: [dns: [a]], to: [dns: [a, b]]).isEmpty)
    }
}
