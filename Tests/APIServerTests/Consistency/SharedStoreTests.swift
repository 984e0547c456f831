import CoreV1
import EtcdFixture
import Foundation
import KubernetesAPI
import KubernetesClient
import Storage
import Testing

@testable import APIServer

/// Two API servers on one etcd: what one has acknowledged is so at the other.
@Suite struct SharedStoreTests {
    private func withServers(_ body: @escaping @Sendable ([Client]) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("shared-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let cluster = try await EtcdMembers(members: 1, in: folder)
        let running = try (0..<2).map { _ in try RunningEtcdStore(cluster.endpoints) }
        defer { for store in running { store.close() } }
        try await WholeServer.with(stores: running.map(\.store)) { servers in
            try await body(
                servers.map { whole in
                    Client(transport: whole.server.transport(as: UserInfo(name: "test", groups: ["system:masters"])), userAgent: "test")
                })
        }
    }

    private static func configMap(_ name: String, namespace: String = "default", _ value: String) -> ConfigMap {
        ConfigMap {
            $0.metadata.name = name
            $0.metadata.namespace = namespace
            $0.data["value"] = value
        }
    }

    @Test func readsSeeWhatWasWrittenElsewhere() async throws {
        try await withServers { clients in
            let (one, other) = (clients[0], clients[1])
            for index in 0..<30 {
                let made = try await one.create(Self.configMap("c\(index)", "1"))
                #expect(
                    try await other.get(ConfigMap.self, "c\(index)", namespace: "default").metadata.resourceVersion == made.metadata.resourceVersion)
                var changed = made
                changed.data["value"] = "2"
                changed = try await other.update(changed)
                #expect(try await one.get(ConfigMap.self, "c\(index)", namespace: "default").data["value"] == "2")
                // By a version that has been overtaken elsewhere nothing is written.
                await #expect { _ = try await one.update(made) } throws: { ($0 as? APIStatusError)?.isConflict == true }
                if index % 3 == 0 {
                    try await one.delete(ConfigMap.self, "c\(index)", namespace: "default")
                    await #expect {
                        _ = try await other.get(ConfigMap.self, "c\(index)", namespace: "default")
                    } throws: { ($0 as? APIStatusError)?.isNotFound == true }
                    // The name is free at once.
                    _ = try await other.create(Self.configMap("c\(index)", "3"))
                }
                let names = Set(try await one.list(ConfigMap.self, namespace: "default").items.map(\.metadata.name))
                #expect(names.isSuperset(of: (0...index).map { "c\($0)" }))
            }
        }
    }

    @Test func watchesSeeWhatWasWrittenElsewhere() async throws {
        try await withServers { clients in
            let list = try await clients[1].list(ConfigMap.self, namespace: "default")
            var options = ListOptions()
            options.resourceVersion = list.metadata.resourceVersion ?? ""
            let events = clients[1].watch(ConfigMap.self, namespace: "default", options)
            for index in 0..<20 { _ = try await clients[index % 2].create(Self.configMap("c\(index)", "\(index)")) }
            var seen: [String] = []
            for try await event in events {
                if case .added(let object) = event { seen.append(object.metadata.name ?? "") }
                if seen.count == 20 { break }
            }
            #expect(seen == (0..<20).map { "c\($0)" })
        }
    }

    @Test func whatCanBeHadOnceIsGivenOnce() async throws {
        try await withServers { clients in
            // Names.
            let won = await withTaskGroup { group in
                for index in 0..<20 {
                    group.addTask { (try? await clients[index % 2].create(Self.configMap("one", "\(index)"))) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(won == 1)
            // Addresses and ports of services.
            let services = try await withThrowingTaskGroup { group in
                for index in 0..<20 {
                    group.addTask {
                        try await clients[index % 2].create(
                            Service {
                                $0.metadata.name = "s\(index)"
                                $0.metadata.namespace = "default"
                                $0.spec.type = "NodePort"
                                $0.spec.ports = [ServicePort { $0.port = 80 }]
                            })
                    }
                }
                return try await group.reduce(into: [Service]()) { $0.append($1) }
            }
            #expect(Set(services.map(\.spec.clusterIP)).count == 20)
            #expect(Set(services.compactMap { $0.spec.ports.first?.nodePort }).count == 20)
        }
    }

    @Test func aQuotaHoldsForAllServersTogether() async throws {
        try await withServers { clients in
            _ = try await clients[0].create(
                ResourceQuota {
                    $0.metadata.name = "q"
                    $0.metadata.namespace = "default"
                    $0.spec.hard["count/secrets"] = Quantity(7)
                })
            @Sendable func secret(_ name: String) -> Secret {
                Secret {
                    $0.metadata.name = name
                    $0.metadata.namespace = "default"
                }
            }
            @Sendable func used() async throws -> String? {
                try await clients[1].get(ResourceQuota.self, "q", namespace: "default").status.used["count/secrets"]?.description
            }
            let outcomes = await withTaskGroup { group in
                for index in 0..<40 {
                    group.addTask { () -> String in
                        do {
                            _ = try await clients[index % 2].create(secret("s\(index)"))
                            return "made"
                        } catch {
                            return "\((error as? APIStatusError)?.status.message ?? "\(error)")".replacing("\"s\(index)\"", with: "it")
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(
                outcomes == [
                    "made": 7,
                    "secrets it is forbidden: exceeded quota: q, requested: count/secrets=1, used: count/secrets=7, limited: count/secrets=7": 33,
                ])
            #expect(try await clients[0].list(Secret.self, namespace: "default").items.count == 7)
            #expect(try await used() == "7")

            // What is refused for another reason uses nothing up, and what goes makes room at once, at both.
            let made = try await clients[0].list(Secret.self, namespace: "default").items.compactMap(\.metadata.name)
            for index in 0..<6 {
                try await clients[index % 2].delete(Secret.self, made[index], namespace: "default")
                let other = clients[(index + 1) % 2]
                await #expect { _ = try await other.create(secret(made[6])) } throws: { ($0 as? APIStatusError)?.isAlreadyExists == true }
                _ = try await other.create(secret("again\(index)"))
                #expect(try await used() == "7")
                await #expect { _ = try await other.create(secret("more")) } throws: { ($0 as? APIStatusError)?.status.code == 403 }
            }
        }
    }

    @Test func namespacesAreThereAtOnce() async throws {
        try await withServers { clients in
            for index in 0..<10 {
                _ = try await clients[index % 2].create(Namespace { $0.metadata.name = "n\(index)" })
                _ = try await clients[(index + 1) % 2].create(Self.configMap("c", namespace: "n\(index)", "1"))
            }
        }
    }
}
