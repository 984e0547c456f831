import Flags
import Glibc
import JSON
import Linux
import Testing

@testable import Kubeadm

@Suite("kubeadm join: settings")
struct JoinSettingsTests {
    static let hash = "sha256:" + String(repeating: "a", count: 64)
    static let token = "--token=abcdef.0123456789abcdef"

    private func settings(_ arguments: [String], endpoint: String? = "192.0.2.1:6443") throws -> JoinSettings {
        try JoinSettings(SettingsFile(JoinFlags.table, ["--node-ip=192.0.2.2"] + arguments, kinds: JoinFlags.kinds).flags, endpoint: endpoint)
    }

    @Test(
        arguments: [
            ([token], "192.0.2.1:6443", "--discovery-token-ca-cert-hash must be given"),
            (["--discovery-token-ca-cert-hash=\(hash)"], "192.0.2.1:6443", "--token must be given"),
            ([token, "--discovery-token-ca-cert-hash=sha256:ab"], "192.0.2.1:6443", "must be sha256: and 64 hexadecimal digits"),
            ([token], "192.0.2.1", "with its port, such as 10.0.2.15:6443"),
            (["--token=abcdef"], "192.0.2.1:6443", "--token must have the form [a-z0-9]{6}.[a-z0-9]{16}"),
            ([token], nil, "kubeadm token create --print-join-command"),
            ([token, "--discovery-file=/x", "--discovery-token=abcdef.0123456789abcdef"], nil, "exclude each other"),
            ([token, "--patches=/x"], "192.0.2.1:6443", "--patches is not supported"),
        ] as [([String], String?, String)])
    func refused(_ arguments: [String], _ endpoint: String?, _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try settings(arguments, endpoint: endpoint) }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func oneTokenServesBoth() throws {
        let settings = try settings([Self.token, "--discovery-token-ca-cert-hash=\(Self.hash)", "--tls-bootstrap-token=ghijkl.0123456789abcdef"])
        guard case .token(let server, let token, let hashes) = settings.way else { return #expect(Bool(false)) }
        #expect(server == "https://192.0.2.1:6443" && token.id == "abcdef" && hashes == [Self.hash] && settings.bootstrapToken?.id == "ghijkl")
    }

    @Test func aFileSaysTheSame() throws {
        var template = Array("/tmp/apus-join-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? Files.removeTree(folder) }
        let path = "\(folder)/join.yaml"
        try Files.writeAtomically(
            path,
            """
            apiVersion: kubeadm.k8s.io/v1beta4
            kind: JoinConfiguration
            discovery:
              bootstrapToken:
                apiServerEndpoint: 10.0.2.15:6443
                token: abcdef.0123456789abcdef
                caCertHashes: ["\(Self.hash)"]
            nodeRegistration:
              name: Worker
              kubeletExtraArgs:
              - {name: v, value: "4"}
              taints:
              - {key: disk, value: slow, effect: NoSchedule}
            timeouts:
              discovery: 20s
            """)
        let settings = try settings(["--config", path], endpoint: nil)
        guard case .token(let server, _, _) = settings.way else { return #expect(Bool(false)) }
        #expect(server == "https://10.0.2.15:6443" && settings.nodeName == "worker" && settings.discoveryPatience == .seconds(20))
        #expect(settings.kubeletArguments.map(\.name) == ["v"] && settings.taints?.count == 1)
        try Files.writeAtomically(path, "apiVersion: kubeadm.k8s.io/v1beta3\nkind: JoinConfiguration\n")
        let problem = #expect(throws: FlagProblem.self) { try self.settings(["--config", path]) }
        #expect(problem?.description.contains("kubeadm config migrate --old-config") == true)
    }

    @Test func wordsAreToldFromValues() {
        let split = Positional.split(
            ["10.0.2.15:6443", "--token", "a.b", "-v", "4", "--discovery-token-unsafe-skip-ca-verification", "x", "--config=y"], JoinFlags.table)
        #expect(split.words == ["10.0.2.15:6443", "x"])
        #expect(split.flags == ["--token", "a.b", "-v", "4", "--discovery-token-unsafe-skip-ca-verification", "--config=y"])
    }
}
