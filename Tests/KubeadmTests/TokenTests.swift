import CoreV1
import Flags
import JSON
import KubernetesAPI
import Testing

@testable import Kubeadm

@Suite("kubeadm token")
struct TokenTests {
    @Test(arguments: ["", "abcdef", "abcdef.0123456789abcde", "abcdef.0123456789abcdeF", "abcde.0123456789abcdef", "abcdef.0123456789abcdef.x"])
    func noTokens(_ text: String) {
        #expect(BootstrapToken(text) == nil)
    }

    @Test func randomTokensAreTokensAndDiffer() {
        let tokens = (0..<100).map { _ in BootstrapToken.random().text }
        #expect(tokens.allSatisfy { BootstrapToken($0)?.text == $0 } && Set(tokens).count == 100)
    }

    @Test func aSecretSaysAll() throws {
        let token = try #require(BootstrapToken("abcdef.0123456789abcdef"))
        let object = try BootstrapTokenSpec(token: token, life: .seconds(60), description: "d").object(now: 0)
        #expect(object["metadata"]?["name"] == "bootstrap-token-abcdef" && object["type"] == "bootstrap.kubernetes.io/token")
        let data = object["stringData"]
        #expect(data?["expiration"] == "1970-01-01T00:01:00Z" && data?["token-secret"] == "0123456789abcdef")
        #expect(data?["usage-bootstrap-signing"] == "true" && data?["usage-bootstrap-authentication"] == "true")
        #expect(data?["auth-extra-groups"] == "system:bootstrappers:kubeadm:default-node-token")
        #expect(try BootstrapTokenSpec(token: token, life: .zero).object(now: 0)["stringData"]?["expiration"] == nil)
    }

    @Test(arguments: [["system:masters"], ["system:bootstrappers:"], ["system:bootstrappers:A"], ["system:bootstrappers:a-"]])
    func groupsOfOthersAreRefused(_ groups: [String]) throws {
        let token = try #require(BootstrapToken("abcdef.0123456789abcdef"))
        #expect(throws: FlagProblem.self) { try BootstrapTokenSpec(token: token, groups: groups) }
    }

    @Test func listShowsWhatIsLeft() {
        func secret(_ id: String, _ data: [String: String]) -> Secret {
            Secret {
                $0.data = data.mapValues { Array($0.utf8) }
                $0.data["token-id"] = Array(id.utf8)
                $0.data["token-secret"] = Array("0123456789abcdef".utf8)
            }
        }
        let rows = TokenList.rows(
            [
                secret("aaaaaa", ["expiration": "1970-01-02T00:00:00Z", "usage-bootstrap-signing": "true", "description": "d"]),
                secret("bbbbbb", ["usage-bootstrap-signing": "true", "usage-bootstrap-authentication": "true", "auth-extra-groups": "g"]),
                secret("cccccc", ["expiration": "1970-01-01T00:00:00Z"]),
            ], now: 3600)
        #expect(
            rows == [
                ["TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA GROUPS"],
                ["aaaaaa.0123456789abcdef", "23h", "1970-01-02T00:00:00Z", "signing", "d", "<none>"],
                ["bbbbbb.0123456789abcdef", "<forever>", "<never>", "authentication,signing", "<none>", "g"],
                ["cccccc.0123456789abcdef", "<invalid>", "1970-01-01T00:00:00Z", "<none>", "<none>", "<none>"],
            ])
    }

    @Test func yamlIsReadBackAsItWas() throws {
        let tree: JSONValue = [
            "a": "text", "b": "10", "c": "true", "d": 5, "e": ["x", ["y": 1, "z": []], [1, 2]], "f": [:], "g": nil, "h": "two\nlines\n", "i": "# no",
            "j": "a: b",
            "k": ["l": ["m": "n"]], "o": "", "p": "trailing:", "q": "no end\nhere", "r": " lead\nx",
        ]
        #expect(try YAMLTree.read(YAMLText.of(tree), path: "t") == tree)
    }
}
