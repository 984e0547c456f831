import CoreV1
import KubernetesAPI
import KubernetesClient
import PKI
import Testing

@testable import ControllerManager

@Suite(.timeLimit(.minutes(2))) struct TokenSecretsTests {
    private func account(_ name: String) -> ServiceAccount {
        ServiceAccount {
            $0.metadata.name = name
            $0.metadata.namespace = "default"
        }
    }

    private func controllers(_ context: ControllerContext) throws -> [any Controller] {
        [
            TokenSecretsController(context),
            LegacyTokensController(
                context, tokens: try ServiceAccountTokens(key: .generate(), issuer: "https://issuer"), rootCA: "the authority"),
        ]
    }

    @Test func everyAccountHasOneFilledSecret() async throws {
        try await TestCluster.with({ context in (try? self.controllers(context)) ?? [] }) { cluster in
            _ = try await cluster.client.create(account("web"))
            @Sendable func token(of name: String) async throws -> Secret? {
                let references = try await cluster.get(ServiceAccount.self, name).secrets
                guard references.count == 1, let secret = try? await cluster.get(Secret.self, references[0].name ?? "") else { return nil }
                return secret.data["token"]?.isEmpty ?? true ? nil : secret
            }
            for name in ["web", "default"] { try await cluster.until("\(name) has a token") { try await token(of: name) != nil } }
            let first = try #require(try await token(of: "web"))
            #expect(first.metadata.name?.hasPrefix("web-token-") == true && first.type == LegacyTokensController.secretType)
            #expect(first.data["ca.crt"] == Array("the authority".utf8) && first.data["namespace"] == Array("default".utf8))

            // One that somebody deletes is made anew, and the account forgets the old one.
            try await cluster.client.delete(Secret.self, first.metadata.name ?? "", namespace: "default")
            try await cluster.until("another token") {
                let next = try await token(of: "web")
                return next != nil && next?.metadata.name != first.metadata.name
            }
            // Those of accounts that go, go.
            try await cluster.client.delete(ServiceAccount.self, "web", namespace: "default")
            try await cluster.until("no token is left") {
                try await cluster.all(Secret.self).allSatisfy { $0.metadata.annotations[LegacyTokensController.nameAnnotation] == "default" }
            }
            #expect(try await cluster.all(Secret.self).count == 1)
        }
    }

    @Test(
        arguments: [
            ("web", "u1", LegacyTokensController.secretType, true), ("web", "", LegacyTokensController.secretType, true),
            ("web", "u2", LegacyTokensController.secretType, false), ("other", "u1", LegacyTokensController.secretType, false),
            ("web", "u1", "Opaque", false),
        ])
    func whoseASecretIs(_ name: String, _ uid: String, _ type: String, _ expected: Bool) {
        var owner = account("web")
        owner.metadata.uid = "u1"
        let secret = Secret {
            $0.type = type
            $0.metadata.annotations = [LegacyTokensController.nameAnnotation: name, LegacyTokensController.uidAnnotation: uid]
        }
        #expect(TokenSecretsController.isToken(secret, of: owner) == expected)
    }

    @Test func withoutTheControllerThereIsNone() async throws {
        try await TestCluster.with({ context in (try? [self.controllers(context)[1]]) ?? [] }) { cluster in
            _ = try await cluster.client.create(account("web"))
            // A secret that somebody asks for is filled: the controller has seen the account by then.
            _ = try await cluster.client.create(
                Secret {
                    $0.metadata.name = "asked"
                    $0.metadata.namespace = "default"
                    $0.metadata.annotations = [LegacyTokensController.nameAnnotation: "web"]
                    $0.type = LegacyTokensController.secretType
                })
            try await cluster.until("filled") { try await cluster.get(Secret.self, "asked").data["token"] != nil }
            #expect(try await cluster.all(Secret.self).count == 1)
            #expect(try await cluster.get(ServiceAccount.self, "web").secrets.isEmpty)
        }
    }
}
