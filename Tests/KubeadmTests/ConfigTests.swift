import Flags
import Glibc
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
            ("kind: Pod\napiVersion: v1\n", "kind Pod is not one that is taken here"),
            ("a: b\n", "kind (none)"),
            ("kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n", "there is no InitConfiguration"),
            ("kind: InitConfiguration\napiVersion: kubeadm.k8s.io/v1beta4\nbootstrapTokens: [{token: x}]\n", "bootstrapTokens[0].token must have"),
        ])
    func mistakesAreNamed(_ text: String, _ part: String) {
        let problem = #expect(throws: FlagProblem.self) { try validate(text) }
        #expect(problem?.description.contains(part) == true, "\(problem?.description ?? "")")
    }

    @Test func documentsAreToldApart() {
        #expect(SettingsFile.documents("a: 1\n---\nb: |\n  ---x\n").map { $0.split(separator: "\n").count } == [1, 2])
    }
}
