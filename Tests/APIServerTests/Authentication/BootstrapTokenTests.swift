import JSON
import Testing

@testable import APIServer

/// A secret of the type of bootstrap tokens.
func bootstrapSecret(
    id: String = "abcdef", secret: String = "0123456789abcdef", _ more: [String: String] = ["usage-bootstrap-authentication": "true"],
    type: String = "bootstrap.kubernetes.io/token"
) -> JSONValue {
    var data: JSONValue = [
        "token-id": .string(Base64.encode(Array(id.utf8))), "token-secret": .string(Base64.encode(Array(secret.utf8))),
    ]
    for (key, value) in more { data[key] = .string(Base64.encode(Array(value.utf8))) }
    return ["metadata": ["name": .string("bootstrap-token-" + id), "namespace": "kube-system"], "type": .string(type), "data": data]
}

@Suite struct BootstrapTokenTests {
    private static let now: Int64 = 1_800_000_000
    private static let usable = ["usage-bootstrap-authentication": "true"]

    private func verdict(_ secret: JSONValue?, token: String = "abcdef.0123456789abcdef", audiences: [String] = ["api"]) -> TokenVerdict {
        BootstrapTokenAuthenticator(
            lookup: { resource, namespace, name in
                resource == "secrets" && namespace == "kube-system" && name == "bootstrap-token-abcdef" ? secret : nil
            }, audiences: ["api"]
        ).authenticate(token: token, audiences: audiences, now: Self.now)
    }

    private func groups(_ verdict: TokenVerdict) -> [String]? {
        if case .user(let user, _) = verdict { user.groups } else { nil }
    }

    @Test func aTokenThatCounts() throws {
        let extra = Self.usable.merging([
            "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token", "expiration": "2027-06-01T00:00:00Z",
        ]) { $1 }
        guard case .user(let user, let audiences) = verdict(bootstrapSecret(extra)) else {
            Issue.record("the token was refused")
            return
        }
        #expect(user.name == "system:bootstrap:abcdef")
        #expect(user.groups == ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token"])
        #expect(audiences == ["api"])
        // A usage is needed, an end is not.
        #expect(groups(verdict(bootstrapSecret(Self.usable))) == ["system:bootstrappers"])
    }

    @Test(arguments: [
        ("another secret", bootstrapSecret(secret: "0123456789abcdee", usable)),
        ("a longer secret", bootstrapSecret(secret: "0123456789abcdef0", usable)),
        ("no secret", bootstrapSecret(secret: "", usable)),
        ("ended", bootstrapSecret(usable.merging(["expiration": "2026-01-01T00:00:00Z"]) { $1 })),
        ("an end that is no time", bootstrapSecret(usable.merging(["expiration": "tomorrow"]) { $1 })),
        ("not for authentication", bootstrapSecret(["usage-bootstrap-signing": "true"])),
        ("usage is not true", bootstrapSecret(["usage-bootstrap-authentication": "yes"])),
        ("of another type", bootstrapSecret(usable, type: "Opaque")),
        ("the group of administrators", bootstrapSecret(usable.merging(["auth-extra-groups": "system:masters"]) { $1 })),
        ("one bad group among good ones", bootstrapSecret(usable.merging(["auth-extra-groups": "system:bootstrappers:a,system:nodes"]) { $1 })),
        ("a group that ends in a colon", bootstrapSecret(usable.merging(["auth-extra-groups": "system:bootstrappers:"]) { $1 })),
    ])
    func refusals(why: String, secret: JSONValue) {
        guard case .rejected(let reason) = verdict(secret) else {
            Issue.record("was let in: \(why)")
            return
        }
        #expect(!reason.contains("0123456789abcdef"), "the secret is in the reason: \(reason)")
    }

    @Test func aTokenBeingDeletedOrOfAnotherId() {
        var deleted = bootstrapSecret(Self.usable)
        deleted["metadata"]?["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        #expect(groups(verdict(deleted)) == nil)
        var other = bootstrapSecret(Self.usable)
        other["data"]?["token-id"] = .string(Base64.encode(Array("ghijkl".utf8)))
        #expect(groups(verdict(other)) == nil)
        #expect(groups(verdict(nil)) == nil)
        #expect(groups(verdict(bootstrapSecret(Self.usable), audiences: ["somebody else"])) == nil)
    }

    @Test(arguments: [
        "", "abcdef", "abcdef.", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcde", "abcdef.0123456789abcdef0", "abcdef-0123456789abcdef",
        "../../.0123456789abcdef", "abcdé.0123456789abcdef",
    ])
    func othersTokens(token: String) {
        guard case .unknown = verdict(bootstrapSecret(Self.usable), token: token) else {
            Issue.record("\(token) was taken for a bootstrap token")
            return
        }
    }
}
