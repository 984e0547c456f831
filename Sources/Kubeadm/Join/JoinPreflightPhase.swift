import ContainerRuntime
import Flags
import JSON
import KubernetesAPI
import KubernetesClient
import Linux

extension JoinPhase {
    static let preflight = JoinPhase(name: "preflight", summary: "Run join pre-flight checks") { run in
        let settings = run.settings
        Say.line("[preflight] Running pre-flight checks")
        var machine = MachineChecks(
            nodeName: settings.nodeName, ports: [10250],
            absentFiles: [settings.kubeconfig, settings.bootstrapKubeconfig, settings.authorityPath], emptyFolders: [settings.manifests])
        if let own = settings.controlPlane {
            machine = InitChecks.machine(try await run.controlPlane(own))
            machine.absentFiles += [settings.kubeconfig, settings.bootstrapKubeconfig]
        }
        let runtime = await RuntimeProbe.ask(settings.criSocket)
        var findings = await machine.findings() + [runtime.problem].compactMap { $0 } + CgroupDriver.findings(runtime)
        let identity = await MachineIdentity.read(nodeIP: settings.nodeIP)
        if case .token(let server, _, _) = settings.way, let address = ServerHost.address(of: server) {
            let near = await Neighbours.near([address])
            findings += identity.findings(neighbours: near, names: [:])
            if near.isEmpty, await Neighbours.isOnLink(address) { findings.append(identity.silence(of: address)) }
        }
        try Finding.judge(findings, ignored: settings.ignoredChecks)

        Say.line("[preflight] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \"kube-system\"...")
        Say.line("[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.")
        let cluster = try YAMLTree.read(try await run.configuration(ClusterConfigurationMap.kubeadm), path: "kube-system/kubeadm-config")
        findings = JoinChecks.version(cluster["kubernetesVersion"]?.stringValue ?? "")
        if let kubelet = try? await run.kubeletConfiguration(), kubelet["failSwapOn"]?.boolValue != false {
            var strict = machine
            strict.failsOnSwap = true
            findings += strict.swap(
                (try? Files.readText("/proc/swaps")).flatMap { $0 } ?? "", fstab: (try? Files.readText("/etc/fstab")).flatMap { $0 } ?? "")
        }
        let nodes = try await JoinChecks.nodes(try await run.client(), named: settings.nodeName)
        findings += JoinChecks.name(settings.nodeName, nodes) + identity.findings(nodes: nodes, nodeName: settings.nodeName)
        let others = JoinChecks.addresses(nodes, except: settings.nodeName)
        findings += identity.findings(neighbours: await Neighbours.near(Array(others.keys)), names: others)
        try Finding.judge(findings, ignored: settings.ignoredChecks)

        if runtime.problem == nil, !Rehearsal.instead("make the image of the add-ons out of this program") {
            Say.line("[preflight] Making the image of the add-ons out of this program: no registry is needed")
            var etcd: LocalImage?
            if let own = settings.controlPlane, try await run.controlPlane(own).store.local != nil { etcd = try await KubeadmImages.etcd() }
            try await KubeadmImages.ensure(socket: settings.criSocket, folder: KubeadmImages.folder, etcd: etcd)
        }
    }
}

/// What must be so between a machine and the cluster that it joins.
enum JoinChecks {
    /// A kubelet may be three minor versions older than the API server, and never newer.
    static let minorsMax = 3

    /// All nodes where those who join may list them, else the one of our name.
    static func nodes(_ client: Client, named name: String) async throws -> [JSONValue] {
        do {
            return try await client.get(path: "/api/v1/nodes")["items"]?.arrayValue ?? []
        } catch let error as APIStatusError where error.status.code == 403 {
            do {
                return [try await client.get(path: "/api/v1/nodes/\(name)")]
            } catch let error as APIStatusError where error.isNotFound {
                return []
            }
        }
    }

    static func name(_ name: String, _ nodes: [JSONValue]) -> [Finding] {
        guard let node = nodes.first(where: { $0["metadata"]?["name"]?.stringValue == name }) else { return [] }
        let ready = node["status"]?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
        // A node that is not Ready may be this machine itself, before it was reset.
        guard ready?["status"]?.stringValue == "True" else { return [] }
        return [
            .error(
                "Hostname",
                "a Node with name \"\(name)\" and status \"Ready\" already exists in the cluster: give this machine another name"
                    + " (hostnamectl set-hostname NAME, or --node-name), or take the other out first (kubectl delete node \(name))")
        ]
    }

    /// Nodes by their addresses.
    static func addresses(_ nodes: [JSONValue], except name: String) -> [String: String] {
        var result: [String: String] = [:]
        for node in nodes {
            guard let other = node["metadata"]?["name"]?.stringValue, other != name else { continue }
            for address in node["status"]?["addresses"]?.arrayValue ?? [] where address["type"]?.stringValue == "InternalIP" {
                if let text = address["address"]?.stringValue { result[text] = other }
            }
        }
        return result
    }

    /// - Parameter cluster: the version that the cluster was set up with, such as `v1.36.3`.
    static func version(_ cluster: String, own: String = ApusVersion.kubernetes) -> [Finding] {
        func minor(_ version: String) -> Int? {
            let parts = version.drop { $0 == "v" }.split(separator: ".")
            return parts.count > 1 ? Int(parts[1]) : nil
        }
        guard let theirs = minor(cluster), let ours = minor(own), !(0...minorsMax).contains(theirs - ours) else { return [] }
        return [
            .error(
                "KubeletVersion",
                "the control plane has version \(cluster) and this machine \(own): a kubelet may be up to \(minorsMax) minor versions older and never newer"
            )
        ]
    }
}
