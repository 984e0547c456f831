import Flags
import JSON
import KubernetesClient

/// Which version each part of a cluster has.
struct ClusterVersions: Sendable {
    struct Part: Sendable, Equatable {
        var component: String
        var node: String
        var version: String
    }

    /// As the API server says it.
    var server: String
    /// Parts that `kubeadm upgrade` replaces.
    var controlPlane: [Part]
    /// Parts that come with packages.
    var kubelets: [Part]

    static func read(_ client: Client) async throws -> ClusterVersions {
        let server = try await client.get(path: "/version")["gitVersion"]?.stringValue ?? ""
        let pods = try await client.get(path: "/api/v1/namespaces/kube-system/pods?labelSelector=tier%3Dcontrol-plane")
        let nodes = try await client.get(path: "/api/v1/nodes")
        return ClusterVersions(
            server: server, controlPlane: (pods["items"]?.arrayValue ?? []).compactMap(part(ofPod:)),
            kubelets: (nodes["items"]?.arrayValue ?? []).map { node in
                Part(
                    component: "kubelet", node: node["metadata"]?["name"]?.stringValue ?? "",
                    version: node["status"]?["nodeInfo"]?["kubeletVersion"]?.stringValue ?? "")
            })
    }

    /// A component's version is the tag of its image.
    static func part(ofPod pod: JSONValue) -> Part? {
        guard let component = pod["metadata"]?["labels"]?["component"]?.stringValue, ControlPlaneManifests.components.contains(component),
            let image = pod["spec"]?["containers"]?[0]?["image"]?.stringValue, let colon = image.lastIndex(of: ":")
        else { return nil }
        return Part(component: component, node: pod["spec"]?["nodeName"]?.stringValue ?? "", version: String(image[image.index(after: colon)...]))
    }

    /// What `kubeadm upgrade plan` says after the versions.
    ///
    /// - Parameter target: the version of this program.
    func plan(target: String = ApusVersion.kubernetes) -> [String] {
        let tag = target.replacingPlus
        let old = controlPlane.filter { $0.version != tag }.sorted { ($0.node, $0.component) < ($1.node, $1.component) }
        let manual = kubelets.filter { $0.version != target }.sorted { $0.node < $1.node }
        guard !old.isEmpty || !manual.isEmpty else { return ["", "All of the cluster has the version \(target) already."] }
        func table(_ parts: [Part], _ target: String) -> [String] {
            Columns.text([["COMPONENT", "NODE", "CURRENT", "TARGET"]] + parts.map { [$0.component, $0.node, $0.version, target] })
        }
        var lines: [String] = []
        if !manual.isEmpty {
            lines += ["", "Components that must be upgraded by the packages of each machine, after the control plane:"] + table(manual, target)
        }
        if !old.isEmpty {
            lines += ["", "Components that are upgraded with the control plane:"] + table(old, tag)
            lines += ["", "You can now apply the upgrade by executing the following command:", "", "\tkubeadm upgrade apply \(ApusVersion.upstream)"]
        }
        return lines
    }
}

/// Whether a cluster may be touched.
enum ClusterHealth {
    /// - Returns: a sentence for each thing that is not as it should be.
    static func problems(_ client: Client) async throws -> [String] {
        let nodes = try await client.get(path: "/api/v1/nodes?labelSelector=node-role.kubernetes.io%2Fcontrol-plane")
        return (nodes["items"]?.arrayValue ?? []).compactMap { node in
            let ready = node["status"]?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
            if ready?["status"]?.stringValue == "True" { return nil }
            return
                "the control plane \(node["metadata"]?["name"]?.stringValue ?? "") is not Ready: \(ready?["message"]?.stringValue ?? "it does not say why")"
        }
    }
}
