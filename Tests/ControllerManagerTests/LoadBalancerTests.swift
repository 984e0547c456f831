import CoreV1
import DiscoveryV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func node(_ name: String, _ address: String, ready: String = "True", labels: [String: String] = [:]) -> Node {
    Node { node in
        node.metadata.name = name
        node.metadata.labels = labels
        node.status.addresses = [("ExternalIP", "203.0.113.9"), ("InternalIP", address), ("InternalIP", "fd00::1"), ("Hostname", name)].map { pair in
            NodeAddress {
                $0.type = pair.0
                $0.address = pair.1
            }
        }
        node.status.conditions = [
            NodeCondition {
                $0.type = "Ready"
                $0.status = ready
            }
        ]
        node.status.daemonEndpoints = NodeDaemonEndpoints { $0.kubeletEndpoint = DaemonEndpoint { $0.Port = 10250 } }
    }
}

private func balanced(_ name: String, _ ports: [Int32] = [80], made: Int64 = 1, _ change: (inout Service) -> Void = { _ in }) -> Service {
    Service { service in
        service.metadata.name = name
        service.metadata.namespace = "default"
        service.metadata.creationTimestamp = Time(seconds: made)
        service.spec.type = "LoadBalancer"
        service.spec.selector = ["app": name]
        service.spec.ports = ports.map { number in
            ServicePort {
                $0.name = "p\(number)"
                $0.port = number
                $0.protocol = "TCP"
            }
        }
        change(&service)
    }
}

private func slice(_ name: String, on nodes: [String], ready: Bool = true) -> EndpointSlice {
    EndpointSlice { slice in
        slice.metadata.name = "\(name)-x"
        slice.metadata.namespace = "default"
        slice.metadata.labels = ["kubernetes.io/service-name": name]
        slice.addressType = "IPv4"
        slice.endpoints = nodes.enumerated().map { number, node in
            Endpoint {
                $0.addresses = ["10.244.0.\(number + 1)"]
                $0.nodeName = node
                $0.conditions = EndpointConditions { $0.ready = ready }
            }
        }
    }
}

@Suite("Load balancers on nodes: what each gets") struct LoadBalancerPlanTests {
    private let nodes = [node("b", "10.0.2.5"), node("a", "10.0.2.4"), node("c", "10.0.2.6", ready: "Unknown")]

    private func outcome(_ service: Service, among others: [Service] = [], slices: [EndpointSlice] = []) -> LoadBalancerPlan.Outcome {
        LoadBalancerPlan(services: others + [service], nodes: nodes, apiServerPorts: [6443]).outcome(service, slices: slices)
    }

    private func problem(_ outcome: LoadBalancerPlan.Outcome) -> String {
        if case .pending(let reason, let message) = outcome { "\(reason): \(message)" } else { "\(outcome)" }
    }

    @Test func nodesThatAreReadyServeItAtTheirOwnAddresses() {
        #expect(outcome(balanced("web")) == .addresses(["10.0.2.4", "10.0.2.5"]))
    }

    @Test func controlPlanesThatAreToBeLeftOutAreAndNobodyIsLeft() {
        let plan = LoadBalancerPlan(
            services: [], nodes: [node("m", "10.0.2.15", labels: [LoadBalancerPlan.exclusionLabel: ""])], apiServerPorts: [])
        #expect(problem(plan.outcome(balanced("web"), slices: [])).hasPrefix("UnAvailableLoadBalancer: There are no available nodes"))
    }

    @Test func withTheLocalPolicyOnlyNodesWithAPod() {
        let service = balanced("web") { $0.spec.externalTrafficPolicy = "Local" }
        #expect(outcome(service, slices: [slice("web", on: ["b", "c"])]) == .addresses(["10.0.2.5"]))
        #expect(problem(outcome(service, slices: [slice("web", on: ["b"], ready: false)])).contains("externalTrafficPolicy is Local"))
    }

    @Test func aPortIsOfTheServiceThatCameFirst() {
        let first = balanced("z", [443, 80], made: 1)
        #expect(outcome(first, among: [balanced("a", [80], made: 2)]) == .addresses(["10.0.2.4", "10.0.2.5"]))
        let second = problem(outcome(balanced("a", [80], made: 2), among: [first]))
        #expect(second.contains("port 80/TCP of the nodes belongs to default/z") && second.hasPrefix("SyncLoadBalancerFailed"))
        // Who has it already does not lose it to an older one.
        let served = balanced("y", [80], made: 3) {
            $0.status.loadBalancer = LoadBalancerStatus { $0.ingress = [LoadBalancerIngress { $0.ip = "10.0.2.4" }] }
        }
        #expect(problem(outcome(first, among: [served])).contains("port 80/TCP of the nodes belongs to default/y"))
        // The same number of another protocol is another port.
        let datagrams = balanced("a", [80], made: 2) { $0.spec.ports[0].protocol = "UDP" }
        #expect(outcome(datagrams, among: [first]) == .addresses(["10.0.2.4", "10.0.2.5"]))
        // One that waits itself keeps nobody else waiting.
        #expect(
            outcome(balanced("late", [8080], made: 3), among: [first, balanced("a", [80, 8080], made: 2)]) == .addresses(["10.0.2.4", "10.0.2.5"]))
    }

    @Test(arguments: [
        (Int32(22), "logins (SSH)"), (10250, "the kubelet"), (6443, "the API server"), (2379, "etcd"), (30080, "default/other as its node port"),
    ])
    func portsThatMachinesNeedAreNotTaken(_ port: Int32, _ owner: String) {
        var other = balanced("other", [8081])
        other.spec.type = "NodePort"
        other.spec.ports[0].nodePort = 30080
        #expect(problem(outcome(balanced("web", [port]), among: [other])).contains("port \(port)/TCP of the nodes belongs to \(owner): give"))
    }

    @Test func anAddressThatIsAskedFor() {
        #expect(outcome(balanced("web") { $0.spec.loadBalancerIP = "10.0.2.5" }) == .addresses(["10.0.2.5"]))
        #expect(problem(outcome(balanced("web") { $0.spec.loadBalancerIP = "10.0.2.9" })).contains("spec.loadBalancerIP: 10.0.2.9"))
    }

    @Test func servicesWithAClassAreSomebodyElses() {
        #expect(LoadBalancerPlan.isServed(balanced("web")))
        #expect(!LoadBalancerPlan.isServed(balanced("web") { $0.spec.loadBalancerClass = "example.com/lb" }))
        #expect(!LoadBalancerPlan.isServed(balanced("web") { $0.spec.type = "NodePort" }))
    }
}

@Suite("Load balancers on nodes: the controller") struct ServiceLoadBalancerControllerTests {
    private func addresses(_ cluster: TestCluster, _ name: String) async throws -> [String] {
        try await cluster.get(Service.self, name).status.loadBalancer?.ingress.map { "\($0.ip ?? "")/\($0.ipMode ?? "")" } ?? []
    }

    @Test func aServiceGetsAddressesAndFollowsNodesAndItsType() async throws {
        try await TestCluster.with({ [ServiceLoadBalancerController($0)] }) { cluster in
            for one in [node("a", "10.0.2.4"), node("b", "10.0.2.5")] {
                _ = try await cluster.client.create(one)
                try await cluster.edit(Node.self, one.metadata.name ?? "", subresource: "status") { $0.status = one.status }
            }
            _ = try await cluster.client.create(balanced("web"))
            try await cluster.until("both nodes") { try await addresses(cluster, "web") == ["10.0.2.4/VIP", "10.0.2.5/VIP"] }
            try await cluster.until("an event") { try await cluster.all(Event.self).contains { $0.reason == "EnsuredLoadBalancer" } }
            // A node falls silent.
            try await cluster.edit(Node.self, "a", subresource: "status") { $0.status.conditions[0].status = "Unknown" }
            try await cluster.until("one node") { try await addresses(cluster, "web") == ["10.0.2.5/VIP"] }
            // The port is taken, until its owner gives it up.
            _ = try await cluster.client.create(balanced("second"))
            try await cluster.until("why it waits") {
                try await cluster.all(Event.self).contains { $0.involvedObject?.name == "second" && $0.reason == "SyncLoadBalancerFailed" }
            }
            #expect(try await addresses(cluster, "second") == [])
            try await cluster.edit(Service.self, "web") { $0.spec.type = "ClusterIP" }
            try await cluster.until("the port has moved on") { try await addresses(cluster, "second") == ["10.0.2.5/VIP"] }
            try await cluster.until("the first has none") { try await addresses(cluster, "web") == [] }
        }
    }
}
