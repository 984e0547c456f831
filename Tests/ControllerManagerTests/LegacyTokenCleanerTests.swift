import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

@Suite(.timeLimit(.minutes(2))) struct LegacyTokenCleanerTests {
    private static let daySeconds: Int64 = 24 * 3600

    private func secret(_ name: String, labels: [String: String] = [:]) -> Secret {
        Secret {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
            $0.metadata.annotations = [LegacyTokensController.nameAnnotation: "default"]
            $0.metadata.labels = labels
            $0.type = LegacyTokensController.secretType
        }
    }

    /// Looks after tokens of which some are used, some not, and after a period once more.
    @Test func whatIsNotUsedIsMarkedAndThenGoes() async throws {
        let period = Duration.seconds(10 * Self.daySeconds)
        try await TestCluster.with({ [LegacyTokenCleaner($0, period: period)] }) { cluster in
            let day = Self.daySeconds
            func date(_ after: Int64) -> String { String(Time(seconds: TestCluster.start + after * day).description.prefix(10)) }
            let secrets = [
                self.secret("unused"), self.secret("used", labels: [LegacyTokenCleaner.lastUsed: date(1000)]),
                self.secret("long-ago", labels: [LegacyTokenCleaner.lastUsed: date(1)]),
                self.secret("strange", labels: [LegacyTokenCleaner.lastUsed: "x"]),
                self.secret("mounted"), self.secret("made-by-hand"),
            ]
            for secret in secrets { _ = try await cluster.client.create(secret) }
            var account = try await cluster.client.get(ServiceAccount.self, "default", namespace: "default")
            account.secrets = secrets.dropLast().map { secret in ObjectReference { $0.name = secret.metadata.name } }
            _ = try await cluster.client.update(account)
            _ = try await cluster.client.create(
                Pod {
                    $0.metadata.name = "p"
                    $0.metadata.namespace = "default"
                    $0.spec.containers = [
                        Container {
                            $0.name = "c"
                            $0.image = "i"
                        }
                    ]
                    $0.spec.volumes = [
                        Volume {
                            $0.name = "v"
                            $0.secret = SecretVolumeSource { $0.secretName = "mounted" }
                        }
                    ]
                })
            @Sendable func marked() async throws -> Set<String> {
                Set(
                    try await cluster.all(Secret.self).filter { $0.metadata.labels[LegacyTokenCleaner.invalidSince] != nil }.compactMap(
                        \.metadata.name))
            }
            // It is not known long enough who uses what.
            cluster.clock.advance(by: .seconds(day))
            #expect(try await marked().isEmpty)
            cluster.clock.advance(by: .seconds(11 * day))
            // The clock goes on, for the cleaner sleeps a day each time.
            try await cluster.until("those that nobody uses are marked") {
                cluster.clock.advance(by: .seconds(3600))
                return try await marked() == ["unused", "long-ago"]
            }
            cluster.clock.advance(by: .seconds(12 * day))
            try await cluster.until("they are gone") {
                cluster.clock.advance(by: .seconds(3600))
                let names = Set(try await cluster.all(Secret.self).compactMap(\.metadata.name))
                return names.isDisjoint(with: ["unused", "long-ago"]) && names.isSuperset(of: ["used", "strange", "mounted", "made-by-hand"])
            }
        }
    }
}
