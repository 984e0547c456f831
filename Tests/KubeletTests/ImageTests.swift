import ContainerRuntime
import CoreV1
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct ImageTests {
    @Test(arguments: [
        ("nginx", "nginx:latest"), ("nginx:1.25", "nginx:1.25"), ("localhost:5000/a/b", "localhost:5000/a/b:latest"),
        (
            "r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "r.io/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        ),
    ])
    func defaultTags(name: String, result: String) throws {
        #expect(try ImageReference.withDefaultTag(name) == result)
    }

    @Test(arguments: ["", "UPPER", "a b", "a//b", "-a", "a:", "a:.tag", "a@sha256:short", "a..b", "a/"])
    func namesThatCannotBe(name: String) {
        #expect(throws: KubeletError.self) { try ImageReference(name) }
    }

    @Test func registries() throws {
        #expect(try ImageReference("nginx").registry == "docker.io")
        #expect(try ImageReference("library/nginx").registry == "docker.io")
        #expect(try ImageReference("localhost/x").registry == "localhost")
        #expect(try ImageReference("10.0.0.1:5000/x:v1").registry == "10.0.0.1:5000")
        #expect(try ImageReference("10.0.0.1:5000/x:v1").tag == "v1")
    }

    private func credentials(_ json: String, key: String = ".dockerconfigjson") throws -> PullCredentials {
        var result = PullCredentials()
        try result.add(Secret { $0.data = [key: Array(json.utf8)] })
        return result
    }

    @Test func pullSecrets() throws {
        let found = try credentials(
            #"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjpwYXNz"},"*.example.com":{"username":"u","password":"p"}}}"#)
        #expect(found.matching("nginx").map(\.username) == ["user"])
        #expect(found.matching("nginx").map(\.password) == ["pass"])
        #expect(found.matching("r.example.com/x").map(\.password) == ["p"])
        #expect(found.matching("a.b.example.com/x").isEmpty)
        #expect(found.matching("quay.io/x").isEmpty)
        let old = try credentials(#"{"localhost:5000":{"auth":"dXNlcjpwYXNz"}}"#, key: ".dockercfg")
        #expect(old.matching("localhost:5000/a:1").count == 1)
        #expect(old.matching("localhost:5001/a:1").isEmpty)
    }

    @Test func aBrokenPullSecretIsNamedAndNotRepeated() {
        var result = PullCredentials()
        #expect {
            try result.add(
                Secret {
                    $0.metadata.name = "mine"
                    $0.data = [".dockerconfigjson": Array("{secret".utf8)]
                })
        } throws: { "\($0)".contains("mine") && !"\($0)".contains("{secret") }
    }
}

@Suite struct TextsTests {
    @Test(arguments: [
        (Duration.seconds(10), "10s"), (.seconds(80), "1m20s"), (.seconds(300), "5m0s"), (.milliseconds(1234), "1.234s"),
        (.milliseconds(350), "350ms"),
        (.zero, "0s"), (.seconds(3600), "1h0m0s"), (.microseconds(1500), "1.5ms"),
    ])
    func durations(duration: Duration, text: String) {
        #expect(Texts.duration(duration) == text)
    }
}
