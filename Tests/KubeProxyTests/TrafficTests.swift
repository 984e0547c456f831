import CoreV1
import DiscoveryV1
import KubernetesAPI
import Linux
import Logging
import Synchronization
import Testing

@testable import KubeProxy

/// The rules in a real kernel, with real connections.
@Suite(.disabled(if: NetworkFixture.obstacle != nil, "\(NetworkFixture.obstacle ?? "")"))
struct TrafficTests {
    static let node = ProxyNode(
        name: "n1", addresses: [NetworkFixture.nodeAddress], clusterCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/12")
    static let web = Make.service("web") {
        $0.spec.type = "NodePort"
        $0.spec.ports[0].nodePort = 30080
    }

    private func withNetwork(_ body: (NetworkFixture, RuleApplier) async throws -> Void) async throws {
        let network = try await NetworkFixture()
        do {
            try network.serve("pod1", port: 8080)
            try network.serve("pod2", port: 8080)
            try await body(network, RuleApplier(ledger: network.ledger, logger: Logger(label: "test")))
            #expect(await network.ledger.undoAll().isEmpty)
            #expect(try await network.run("node", "nft list tables") == "")
        } catch {
            Issue.record(error)
        }
        try await network.remove()
    }

    private func rules(_ services: [Service], _ slices: [EndpointSlice]) -> RuleSet {
        ProxyState(services: services, slices: slices, node: Self.node).rules
    }

    @Test func clusterIPAndNodePort() async throws {
        try await withNetwork { network, applier in
            try await applier.apply(rules([Self.web], [Make.slice("web", ["10.244.1.2", "10.244.2.2"])]))
            var seen: Set<String> = []
            for _ in 0..<30 { seen.insert(try network.ask(from: "node", "10.96.0.10", 80).name) }
            #expect(seen == ["pod1", "pod2"])
            seen = []
            for _ in 0..<30 {
                let answer = try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080)
                seen.insert(answer.name)
                #expect(answer.peer.hasSuffix(".1"), "the node's address, so that answers come back through it")
            }
            #expect(seen == ["pod1", "pod2"])
            #expect(try network.ask(from: "node", NetworkFixture.nodeAddress, 30080).name.hasPrefix("pod"))
            #expect(try network.ask(from: "outside", "10.96.0.10", 80).name.hasPrefix("pod"))

            // A pod keeps its address on the way to another and sees another's when it comes back to itself.
            try await applier.apply(rules([Self.web], [Make.slice("web", ["10.244.1.2"])]))
            #expect(try network.ask(from: "pod2", "10.96.0.10", 80) == ("pod1", "10.244.2.2"))
            let itself = try network.ask(from: "pod1", "10.96.0.10", 80)
            #expect(itself.name == "pod1")
            #expect(itself.peer == "10.244.1.1")
        }
    }

    @Test func refusals() async throws {
        try await withNetwork { network, applier in
            try await applier.apply(rules([Self.web], []))
            for name in ["node", "pod1", "outside"] {
                #expect(try network.ask(from: name, "10.96.0.10", 80).name == "refused", "from \(name)")
                #expect(try network.ask(from: name, "10.96.0.10", 81).name == "refused", "another port from \(name)")
                #expect(try network.ask(from: name, NetworkFixture.nodeAddress, 30080).name == "refused", "node port from \(name)")
            }
            #expect(try network.ask(from: "pod1", "10.96.0.99", 80, patience: 1000).name == "silent")
        }
    }

    @Test func localPolicyKeepsTheClientsAddress() async throws {
        var service = Self.web
        service.spec.externalTrafficPolicy = "Local"
        let slices = [Make.slice("web", ["10.244.1.2"]), Make.slice("web", ["10.244.2.2"], node: "n2")]
        try await withNetwork { network, applier in
            try await applier.apply(rules([service], slices))
            for _ in 0..<8 { #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080) == ("pod1", "192.0.2.2")) }
        }
    }

    @Test func affinitySurvivesChangesAndANewLifeOfTheProxy() async throws {
        var service = Self.web
        service.spec.sessionAffinity = "ClientIP"
        let slices = [Make.slice("web", ["10.244.1.2", "10.244.2.2"])]
        try await withNetwork { network, applier in
            try await applier.apply(rules([service], slices))
            let first = try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name
            for _ in 0..<10 { #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name == first) }
            try await applier.apply(rules([service, Make.service("other", ip: "10.96.0.11")], slices))
            for _ in 0..<5 { #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name == first) }
            let next = RuleApplier(ledger: network.ledger, logger: Logger(label: "test"))
            try await next.apply(rules([service], slices))
            for _ in 0..<10 { #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name == first) }
            #expect(!(try await network.run("node", "nft list ruleset").contains("10.96.0.11")))
        }
    }

    @Test func noConnectionFailsWhileEndpointsChange() async throws {
        try await withNetwork { network, applier in
            let both = rules([Self.web], [Make.slice("web", ["10.244.1.2", "10.244.2.2"])])
            try await applier.apply(both)
            let isDone = Mutex(false)
            let failures = Mutex<[String]>([])
            let count = Mutex(0)
            let failure = Threads.start("client") {
                while !isDone.withLock({ $0 }) {
                    let name = (try? network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name) ?? "error"
                    if !name.hasPrefix("pod") { failures.withLock { $0.append(name) } }
                    count.withLock { $0 += 1 }
                }
            }
            #expect(failure == nil)
            for round in 0..<20 {
                try await applier.apply(rules([Self.web], [Make.slice("web", [round % 2 == 0 ? "10.244.1.2" : "10.244.2.2"])]))
                try await applier.apply(both)
                // Somebody else's hand, and a new life that finds what is there.
                try await RuleApplier(ledger: network.ledger, logger: Logger(label: "test")).apply(both)
            }
            isDone.withLock { $0 = true }
            #expect(failures.withLock { $0 } == [])
            #expect(count.withLock { $0 } > 3)
        }
    }

    @Test func rulesThatSomebodyRemovedComeBack() async throws {
        try await withNetwork { network, applier in
            let wanted = rules([Self.web], [Make.slice("web", ["10.244.1.2"])])
            try await applier.apply(wanted)
            try await network.run("node", "nft flush ruleset")
            #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name == "refused")
            await applier.checkPresence()
            try await applier.apply(wanted)
            #expect(try network.ask(from: "outside", NetworkFixture.nodeAddress, 30080).name == "pod1")
        }
    }

    @Test(.disabled(if: Command.find("conntrack") == nil, "there is no conntrack on this machine"))
    func aFlowOfDatagramsMovesOn() async throws {
        let dns = Make.service("dns", port: 53) { $0.spec.ports[0].`protocol` = "UDP" }
        func state(_ address: String) -> ProxyState {
            ProxyState(services: [dns], slices: [Make.slice("dns", [address], port: 8080, proto: "UDP")], node: Self.node)
        }
        try await withNetwork { network, applier in
            try network.serve("pod1", port: 8080, isStream: false)
            try network.serve("pod2", port: 8080, isStream: false)
            let before = state("10.244.1.2")
            try await applier.apply(before.rules)
            #expect(try network.askByDatagram(from: "outside", "10.96.0.10", 53).name == "pod1")
            let after = state("10.244.2.2")
            try await applier.apply(after.rules)
            #expect(try network.askByDatagram(from: "outside", "10.96.0.10", 53).name == "pod1")
            await Conntrack(networkNamespace: network.ledger.networkNamespace, logger: Logger(label: "test"))
                .delete(Conntrack.stale(from: before.datagrams, to: after.datagrams))
            #expect(try network.askByDatagram(from: "outside", "10.96.0.10", 53).name == "pod2")
        }
    }
}
