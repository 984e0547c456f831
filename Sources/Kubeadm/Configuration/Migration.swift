import Flags
import JSON

/// Configuration files of kubeadm.k8s.io/v1beta3 as those of v1beta4.
enum Migration {
    static let old = "kubeadm.k8s.io/v1beta3"

    /// - Parameter text: YAML documents; those that are not of kubeadm stay as they are.
    /// - Returns: YAML documents of v1beta4.
    /// - Throws: `FlagProblem` naming what cannot be read, also in the result.
    static func migrated(_ text: String, path: String) throws(FlagProblem) -> String {
        var documents: [JSONValue] = []
        for document in SettingsFile.documents(text) {
            let tree = try YAMLTree.read(document, path: path)
            if !tree.isNull { documents.append(tree) }
        }
        guard documents.contains(where: { $0["apiVersion"]?.stringValue == old }) else {
            throw FlagProblem("\(path): there is nothing of \(old) in it, which is what can be migrated")
        }
        // A limit of the cluster has become one of the command that waits.
        let patience = documents.lazy.compactMap { $0["apiServer"]?["timeoutForControlPlane"] }.first { !$0.isNull }
        var result: [String] = []
        for tree in documents {
            guard tree["apiVersion"]?.stringValue == old else {
                result.append(YAMLText.of(tree))
                continue
            }
            let new = migrated(tree, controlPlanePatience: patience)
            let text = YAMLText.of(new)
            try check(text, kind: new["kind"]?.stringValue ?? "", path: path)
            result.append(text)
        }
        if let patience,
            !documents.contains(where: { $0["kind"]?.stringValue == "InitConfiguration" || $0["kind"]?.stringValue == "JoinConfiguration" })
        {
            result.append(
                YAMLText.of([
                    "apiVersion": .string(SettingsFile.apiVersion), "kind": "InitConfiguration",
                    "timeouts": ["controlPlaneComponentHealthCheck": patience],
                ]))
        }
        return result.joined(separator: "---\n")
    }

    private static func migrated(_ tree: JSONValue, controlPlanePatience: JSONValue?) -> JSONValue {
        var new = tree
        new["apiVersion"] = .string(SettingsFile.apiVersion)
        for field in ["apiServer", "controllerManager", "scheduler"] where new[field] != nil { pairs(&new[field], "extraArgs") }
        if new["etcd"]?["local"] != nil {
            var local = new["etcd"]?["local"]
            pairs(&local, "extraArgs")
            new["etcd"]?["local"] = local
        }
        if new["nodeRegistration"] != nil { pairs(&new["nodeRegistration"], "kubeletExtraArgs") }
        new["apiServer"]?["timeoutForControlPlane"] = nil
        var timeouts: JSONObject = [:]
        if let patience = new["discovery"]?["timeout"], !patience.isNull { timeouts["discovery"] = patience }
        new["discovery"]?["timeout"] = nil
        if let controlPlanePatience, tree["kind"]?.stringValue != "ClusterConfiguration" {
            timeouts["controlPlaneComponentHealthCheck"] = controlPlanePatience
        }
        if !timeouts.isEmpty { new["timeouts"] = .object(timeouts) }
        return new
    }

    /// Flags were a mapping and are a list, since a flag can be given more than once.
    private static func pairs(_ parent: inout JSONValue?, _ field: String) {
        guard case .object(let flags)? = parent?[field] else { return }
        let sorted = flags.sorted { $0.key < $1.key }
        parent?[field] = .array(sorted.map { ["name": .string($0.key), "value": $0.value] })
    }

    /// Reads the result as the commands will.
    private static func check(_ text: String, kind: String, path: String) throws(FlagProblem) {
        let table = JoinFlags.kinds.contains(kind) ? JoinFlags.table : InitFlags.table
        guard (JoinFlags.kinds + InitSettings.kinds).contains(kind) else { throw FlagProblem("\(path): kind \(kind) cannot be migrated") }
        var flags = try FlagValues(table, arguments: [])
        try flags.read(ConfigurationFile(path: path, apiVersion: SettingsFile.apiVersion, kind: kind), text: text)
    }
}
