import Flags
import Glibc
import JSON
import Linux
import Testing

@testable import Kubeadm

@Suite("kubeadm config")
struct ConfigTests {
    private func validate(_ text: String) throws -> [String] {
        var template = Array("/tmp/apus-config-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? Files.removeTree(folder) }
        try Files.writeAtomically("\(folder)/kubeadm.yaml", text)
        return try ConfigCommand.validate("\(folder)/kubeadm.yaml")
    }

    @Test func whatIsPrintedIsValid() throws {
        let notes = try validate(ConfigDefaults.initialization + "\n---\n" + ConfigDefaults.join)
        // Fields that are in upstream's files and have no effect here are told, and are no mistakes.
        #expect(notes.contains { $0.contains("nodeRegistration.imagePullPolicy") })
    }

    @Test(
        arguments: [
            ("kind: JoinConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\ndiscovry: {}\n", "discovry: unknown field; the nearest is \"discovery\""),
            ("kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v1beta2\n", "kubeadm.k8s.io/v1beta2 is not spoken any more"),
            ("kind: JoinConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\n", "kubeadm config migrate --old-config"),
            ("kind: Pod\napiVersion: v1\n", "kind Pod is not one that is taken here"),
            ("a: b\n", "kind (none)"),
            ("kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n", "there is no InitConfiguration"),
            ("kind: InitConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\nbootstrapTokens: [{token: x}]\n", "bootstrapTokens[0].token must have"),
        ])
    func mistakesAreNamed(_ text: String, _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try validate(text) }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func filesOfThePastAreMigrated() throws {
        let old = """
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: InitConfiguration
            nodeRegistration:
              kubeletExtraArgs: {node-ip: 10.0.2.15, max-pods: "9"}
            ---
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: ClusterConfiguration
            apiServer:
              timeoutForControlPlane: 5m0s
              certSANs: [cluster.test]
              extraArgs: {audit-log-path: /var/log/audit}
            ---
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: JoinConfiguration
            discovery:
              timeout: 1m0s
              bootstrapToken: {token: abcdef.0123456789abcdef, apiServerEndpoint: "c:6443", unsafeSkipCAVerification: true}
            ---
            apiVersion: kubelet.config.k8s.io/v1beta1
            kind: KubeletConfiguration
            failSwapOn: true
            """
        let new = try Migration.migrated(old, path: "old.yaml")
        _ = try validate(new)
        let trees = try SettingsFile.documents(new).map { try YAMLTree.read($0, path: "new.yaml") }
        #expect(trees.map { $0["kind"]?.stringValue } == ["InitConfiguration", "ClusterConfiguration", "JoinConfiguration", "KubeletConfiguration"])
        #expect(
            trees[0]["nodeRegistration"]?["kubeletExtraArgs"]
                == [["name": "max-pods", "value": "9"], ["name": "node-ip", "value": "10.0.2.15"]])
        #expect(trees[0]["timeouts"]?["controlPlaneComponentHealthCheck"] == "5m0s" && trees[1]["apiServer"]?["timeoutForControlPlane"] == nil)
        #expect(trees[1]["apiServer"]?["extraArgs"] == [["name": "audit-log-path", "value": "/var/log/audit"]])
        #expect(trees[2]["timeouts"]?["discovery"] == "1m0s" && trees[2]["discovery"]?["timeout"] == nil && trees[3]["failSwapOn"] == true)
    }

    @Test(arguments: [
        ("kind: InitConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\n", "there is nothing of kubeadm.k8s.io/v1beta3"),
        ("kind: InitConfiguration\napiVersion: kubeadm.k8s.io/v1beta3\nnodRegistration: {}\n", "the nearest is \"nodeRegistration\""),
    ])
    func whatCannotBeMigratedIsNamed(_ text: String, _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try Migration.migrated(text, path: "old.yaml") }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func documentsAreToldApart() {
        #expect(SettingsFile.documents("a: 1\n---\nb: |\n  ---x\n").map { $0.split(separator: "\n").count } == [1, 2])
    }
}
