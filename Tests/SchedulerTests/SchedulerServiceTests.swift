import APIServer
import CoreV1
import FoundationEssentials
import Glibc
import KubernetesAPI
import KubernetesClient
import Logging
import PKI
import Storage
import Testing

@testable import Scheduler

private let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

/// The scheduler against the real API server, under its own identity and rights.
@Suite(.timeLimit(.minutes(2))) struct SchedulerServiceTests {
    private func withCluster(_ port: Int, _ body: @escaping @Sendable (Client) async throws -> Void) async throws {
        let folder = "/tmp/apus-scheduler-test-\(UUID().uuidString)"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pki = try ClusterPKI.ensure(directory: folder, parameters: .init(serviceAddresses: ["10.96.0.1"]), now: Int64(time(nil)))
        let range = try #require(IPRange("10.96.0.0/16"))
        var configuration = try APIServerConfiguration(
            pki: pki, address: "127.0.0.1", port: port, advertiseAddress: "192.0.2.1", services: ServiceNetwork(ranges: [range]))
        configuration.eventLoops = 1
        let server = try APIServer(configuration: configuration, store: MemoryStore(), logger: quiet)
        let admin = Client(transport: server.transport(as: UserInfo(name: "admin", groups: ["system:masters"])), userAgent: "test")
        let own = Client(transport: server.transport(as: UserInfo(name: "system:kube-scheduler", groups: [])), userAgent: "kube-scheduler")
        let informers = InformerFactory(client: own, logger: quiet)
        let scheduler = Scheduler(client: own, informers: informers, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await server.waitUntilReady()
                var account = ServiceAccount()
                account.metadata.name = "default"
                account.metadata.namespace = "default"
                _ = try await admin.create(account)
                try await withThrowingTaskGroup(of: Void.self) { parts in
                    parts.addTask { try await informers.run() }
                    parts.addTask { try await scheduler.run() }
                    parts.addTask { try await body(admin) }
                    defer { parts.cancelAll() }
                    try await parts.next()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func node(_ name: String, cpu: String) throws -> Node {
        let quantities = ["cpu": try #require(Quantity(cpu)), "memory": try #require(Quantity("8Gi")), "pods": try #require(Quantity("10"))]
        return Node {
            $0.metadata.name = name
            $0.status.capacity = quantities
            $0.status.allocatable = quantities
            $0.status.conditions = [
                NodeCondition {
                    $0.type = "Ready"
                    $0.status = "True"
                }
            ]
        }
    }

    private func pod(_ name: String, cpu: String) throws -> Pod {
        let request = ["cpu": try #require(Quantity(cpu))]
        return Pod {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
            $0.spec.automountServiceAccountToken = false
            $0.spec.containers = [
                Container {
                    $0.name = "c"
                    $0.image = "pause"
                    $0.resources = ResourceRequirements { $0.requests = request }
                }
            ]
        }
    }

    /// Registers a node as its kubelet would, without the taint that new nodes get.
    private func register(_ node: Node, _ client: Client) async throws {
        var made = try await client.create(node)
        made.status = node.status
        made = try await client.update(made, subresource: "status")
        if made.spec.taints.isEmpty { return }
        made.spec.taints = []
        _ = try await client.update(made)
    }

    /// Returns the pod once it is as wanted.
    private func wait(_ client: Client, _ name: String, until isReady: @Sendable (Pod) -> Bool) async throws -> Pod {
        let options = ListOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: "0")
        for try await event in client.watch(Pod.self, namespace: "default", options) where isReady(event.object) { return event.object }
        throw CancellationError()
    }

    @Test func podsAreBoundOrToldWhyNot() async throws {
        try await withCluster(26_881) { client in
            try await register(try node("n1", cpu: "2"), client)
            _ = try await client.create(try pod("fits", cpu: "1"))
            let bound = try await wait(client, "fits") { $0.spec.nodeName == "n1" }
            #expect(bound.status.conditions.contains { $0.type == "PodScheduled" && $0.status == "True" })

            _ = try await client.create(try pod("waits", cpu: "1500m"))
            let waiting = try await wait(client, "waits") { $0.status.conditions.contains { $0.type == "PodScheduled" } }
            let condition = try #require(waiting.status.conditions.first { $0.type == "PodScheduled" })
            let message =
                "0/1 nodes are available: 1 Insufficient cpu. "
                + "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
            #expect(condition.status == "False")
            #expect(condition.reason == "Unschedulable")
            #expect(condition.message == message)

            // Room is made, and it goes there.
            var options = DeleteOptions()
            options.gracePeriodSeconds = 0
            try await client.delete(Pod.self, "fits", namespace: "default", options)
            _ = try await wait(client, "waits") { $0.spec.nodeName == "n1" }

            var texts: Set<String> = []
            let events = client.watch(Event.self, namespace: "default", ListOptions(resourceVersion: "0"))
            for try await event in events {
                let told = event.object
                texts.insert("\(told.source?.component ?? "") \(told.type ?? "") \(told.reason ?? ""): \(told.message ?? "")")
                if texts.count == 3 { break }
            }
            #expect(
                texts == [
                    "default-scheduler Normal Scheduled: Successfully assigned default/fits to n1",
                    "default-scheduler Warning FailedScheduling: \(message)",
                    "default-scheduler Normal Scheduled: Successfully assigned default/waits to n1",
                ])
        }
    }

    @Test func importantPodsDisplaceOthers() async throws {
        try await withCluster(26_882) { client in
            try await register(try node("n1", cpu: "1"), client)
            _ = try await client.create(try pod("small", cpu: "1"))
            _ = try await wait(client, "small") { $0.spec.nodeName == "n1" }
            var important = try pod("important", cpu: "1")
            important.metadata.namespace = "kube-system"
            var account = ServiceAccount()
            account.metadata.name = "default"
            account.metadata.namespace = "kube-system"
            _ = try await client.create(account)
            important.spec.priorityClassName = "system-cluster-critical"
            _ = try await client.create(important)
            let victim = try await wait(client, "small") { $0.metadata.deletionTimestamp != nil }
            #expect(
                victim.status.conditions.contains { $0.type == "DisruptionTarget" && $0.status == "True" && $0.reason == "PreemptionByScheduler" })
            // There is no kubelet here to end it.
            var options = DeleteOptions()
            options.gracePeriodSeconds = 0
            try await client.delete(Pod.self, "small", namespace: "default", options)
            for try await event in client.watch(Pod.self, namespace: "kube-system", ListOptions(resourceVersion: "0"))
            where event.object.spec.nodeName == "n1" { break }
        }
    }
}
