package import Flags
package import JSON
import Linux

/// A command line with the configuration file that it names: YAML documents of kubeadm's kinds, and of the components'.
package struct SettingsFile: Sendable {
    package static let apiVersion = "kubeadm.k8s.io/v1beta4"
    private static let old = ["kubeadm.k8s.io/v1beta1", "kubeadm.k8s.io/v1beta2"]

    package var flags: FlagValues
    /// Fields of a `KubeletConfiguration` in the file, which win over those that kubeadm gives the kubelets.
    package var kubelet: JSONObject = [:]
    /// The kinds that the file has.
    package var kinds: [String] = []

    /// - Parameters:
    ///   - kinds: those whose fields are in the table. Documents of kubeadm's other kinds are for its other commands and are passed over.
    /// - Throws: `FlagProblem`.
    package init(_ table: FlagTable, _ arguments: [String], kinds wanted: [String]) throws {
        flags = try FlagValues(table, arguments: arguments)
        guard let path = flags.text("config") else { return }
        guard let text = try Files.readText(path) else { throw FlagProblem("--config \(path): there is no such file") }
        for document in Self.documents(text) {
            let tree = try YAMLTree.read(document, path: path)
            if tree.isNull { continue }
            let kind = tree["kind"]?.stringValue ?? ""
            let version = tree["apiVersion"]?.stringValue ?? ""
            if version == Migration.old {
                throw FlagProblem("\(path): \(version) is of the past; kubeadm config migrate --old-config \(path) turns it into \(Self.apiVersion)")
            }
            if Self.old.contains(version) {
                throw FlagProblem(
                    "\(path): \(version) is not spoken any more; kubeadm config migrate of upstream's 1.22 to 1.30 turns it into \(Migration.old),"
                        + " and that of this program goes on from there")
            }
            switch kind {
            case _ where wanted.contains(kind):
                try flags.read(ConfigurationFile(path: path, apiVersion: Self.apiVersion, kind: kind), text: document)
                kinds.append(kind)
            case "KubeletConfiguration":
                guard version == "kubelet.config.k8s.io/v1beta1" else {
                    throw FlagProblem("\(path): KubeletConfiguration must have apiVersion: kubelet.config.k8s.io/v1beta1")
                }
                kubelet = tree.objectValue ?? [:]
                kinds.append(kind)
            case "InitConfiguration", "ClusterConfiguration", "JoinConfiguration", "ResetConfiguration", "UpgradeConfiguration":
                continue
            default:
                let known = wanted + ["KubeletConfiguration"]
                throw FlagProblem("\(path): kind \(kind.isEmpty ? "(none)" : kind) is not one that is taken here: \(known.joined(separator: ", "))")
            }
        }
        if !kinds.contains(where: wanted.contains) {
            throw FlagProblem("\(path): there is no \(wanted.joined(separator: " and no ")) of \(Self.apiVersion) in it")
        }
    }

    /// The documents of a YAML text.
    static func documents(_ text: String) -> [String] {
        var documents = [""]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line == "---" || line.hasPrefix("--- ") {
                documents.append("")
            } else {
                documents[documents.count - 1] += line + "\n"
            }
        }
        return documents
    }
}
