import CoreV1
import Foundation
import KubernetesAPI
import KubernetesClient
import Logging
import Storage
import Testing

@testable import APIServer

/// `--event-ttl`.
@Suite struct EventTimeToLiveTests {
    @Test(.timeLimit(.minutes(3)), arguments: [StoreForm.sqlite, .etcd])
    func eventsGoAndNothingElseDoes(_ form: StoreForm) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("events-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = try await form.source(in: folder)
        let (stores, close) = try source.open()
        // Members of etcd end with the source.
        defer { withExtendedLifetime(source) { close() } }
        try await WholeServer.with(store: stores[0]) {
            $0.eventTimeToLive = .seconds(1)
        } _: { whole in
            let client = Client(transport: whole.server.transport(as: UserInfo(name: "test", groups: ["system:masters"])), userAgent: "test")
            let list = try await client.list(Event.self, namespace: "default")
            _ = try await client.create(
                ConfigMap {
                    $0.metadata.name = "kept"
                    $0.metadata.namespace = "default"
                })
            _ = try await client.create(
                Event {
                    $0.metadata.name = "e"
                    $0.metadata.namespace = "default"
                    $0.involvedObject = ObjectReference {
                        $0.kind = "Pod"
                        $0.name = "p"
                        $0.namespace = "default"
                    }
                    $0.reason = "Tested"
                })
            var seen: [String] = []
            let events = client.watch(Event.self, namespace: "default", ListOptions(resourceVersion: list.metadata.resourceVersion))
            for try await event in events {
                switch event {
                case .added(let event) where event.metadata.name == "e": seen.append("added")
                case .deleted(let event) where event.metadata.name == "e": seen.append("gone")
                default: continue
                }
                if seen.last == "gone" { break }
            }
            #expect(seen == ["added", "gone"])
            _ = try await client.get(ConfigMap.self, "kept", namespace: "default")
        }
    }

    @Test(arguments: [(nil, .seconds(3600)), (.zero, nil), (.seconds(5), .seconds(5))] as [(Duration?, Duration?)])
    func byEventTTL(_ given: Duration?, _ kept: Duration?) throws {
        let range = try #require(IPRange("10.96.0.0/16"))
        let registry = Registry(
            store: MemoryStore(), services: ServiceNetwork(ranges: [range]), eventTimeToLive: given, logger: Logger(label: "test"))
        #expect(registry.storage(group: "", resource: "events")?.strategy.timeToLive == kept)
        #expect(registry.storage(group: "", resource: "pods")?.strategy.timeToLive == nil)
    }
}
