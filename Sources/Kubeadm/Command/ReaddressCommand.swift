import Flags
import Glibc
import JSON
import KubernetesClient
import Linux
import PKI

/// `kubeadm readdress`: puts this machine, or the control plane that it belongs to, on a new address. What bears the old one is made anew where the
/// authority's key is, and corrected elsewhere.
enum ReaddressCommand: KubeadmCommand {
    static let name = "readdress"
    static let summary = "Go on after an address has changed: this machine's, or on a worker the control plane's"

    private static let table = FlagTable(
        program: "kubeadm readdress",
        summary:
            "Puts a new address in the place of an old one in everything that kubeadm has written on this machine. On a control plane first, then on each worker.",
        text: """
            [Readdress]
              from                     string  -    -  the old address; on a control plane that of its API server if not given
              to                       string  -    -  the new address; on a control plane that of the default route if not given
              cert-dir                 string  /etc/kubernetes/pki -  the folder of certificates
              kubeconfig-dir           string  /etc/kubernetes     -  the folder of kubeconfigs and manifests
              dry-run                  bool    false -  tell what would be done, and do nothing
            """)

    static func run(_ arguments: [String]) async throws {
        let flags = try FlagValues(table, arguments: arguments)
        if flags.wantsHelp { return Say.line(HelpText.of(table)) }
        let machine = try InstalledMachine.read(flags.string("kubeconfig-dir"))
        guard Files.exists("\(machine.folder)/kubelet.conf") else {
            throw KubeadmError("this machine belongs to no cluster: there is no \(machine.folder)/kubelet.conf")
        }
        guard !machine.hasEtcd else {
            throw KubeadmError(
                "this machine is a member of etcd, which knows its members by their addresses: with others there, run kubeadm reset and join it"
                    + " again as a control plane; etcd's own tools change the address of a single member (etcdctl member update)")
        }
        let old = flags.text("from") ?? machine.advertiseAddress
        let new = try flags.text("to") ?? (machine.isControlPlane ? NodeAddress.detect() : nil)
        guard let old, let new else {
            throw FlagProblem("kubeadm readdress needs --from and --to, as kubeadm readdress on the control plane says them")
        }
        for (flag, address) in [("from", old), ("to", new)] where !IPLiteral.isValid(address) {
            throw FlagProblem("--\(flag) \(address) must be an IP address")
        }
        guard old != new else { return Say.line("[readdress] The address \(new) is that of before: there is nothing to do") }
        try await Rehearsal.$isOn.withValue(flags.bool("dry-run")) {
            try await Readdressing(machine: machine, certificates: flags.string("cert-dir"), change: AddressChange(old: old, new: new)).run()
        }
    }
}

/// One address in the place of another, in texts.
struct AddressChange: Sendable {
    var old: String
    var new: String

    /// The text with the new address wherever the old one stands, but not where it is part of a longer one.
    func applied(to text: String) -> String {
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: old) {
            let before = found.lowerBound == text.startIndex ? nil : text[text.index(before: found.lowerBound)]
            let after = found.upperBound == text.endIndex ? nil : text[found.upperBound]
            result += rest[..<found.lowerBound]
            result += [before, after].compactMap { $0 }.contains(where: Self.continues) ? old : new
            rest = rest[found.upperBound...]
        }
        return result + rest
    }

    private static func continues(_ character: Character) -> Bool { character == "." || character.isHexDigit }
}

struct Readdressing: Sendable {
    var machine: InstalledMachine
    var certificates: String
    var change: AddressChange

    func run() async throws {
        if !machine.isControlPlane { try await checkServer() }
        var said: [String] = []
        if machine.isControlPlane {
            let path = "\(certificates)/apiserver"
            if let files = try CertificateFiles.load(path), files.certificate.ipAddresses.contains(change.old),
                !Rehearsal.instead("make \(path).crt anew for \(change.new)")
            {
                // For as long as the one before.
                let life = Duration.seconds(files.certificate.notAfter - files.certificate.notBefore)
                try ControlPlaneCertificates(folder: machine.folder, certificates: certificates, validity: life)
                    .renew("apiserver", now: Int64(time(nil)), changed: { $0 == change.old ? change.new : $0 })
                said.append("certificate for apiserver")
            }
        }
        for path in try files() {
            guard let text = try Files.read(path).map({ String(decoding: $0, as: UTF8.self) }) else { continue }
            let changed = change.applied(to: text)
            guard changed != text, !Rehearsal.instead("correct \"\(path)\"") else { continue }
            try Files.writeAtomically(path, changed, mode: path == KubeletFiles.environmentPath ? 0o644 : 0o600)
            said.append(path)
        }
        for item in said { Say.line("[readdress] \(item): \(change.old) is \(change.new) now") }
        Say.line("[readdress] Restarting the kubelet")
        try await KubeletService.restart()
        guard machine.isControlPlane else { return }
        try await restartClients()
        try await correctCluster()
        Say.line(
            """

            The control plane is at \(change.new) now. Run on each other machine, as root:

              kubeadm readdress --from \(change.old) --to \(change.new)

            Kubeconfigs that were copied elsewhere, such as $HOME/.kube/config, name the old address: copy \(machine.folder)/admin.conf again.
            """)
    }

    /// What kubeadm has written on this machine with an address in it.
    private func files() throws -> [String] {
        func below(_ folder: String, _ suffix: String) throws -> [String] {
            try Files.list(folder).filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
        }
        return try below(machine.folder, ".conf") + below("\(machine.folder)/manifests", ".yaml") + [KubeletFiles.environmentPath]
    }

    /// Before anything is written: the server at the new address must be of this cluster.
    private func checkServer() async throws {
        var connection = try Kubeconfig.load(path: "\(machine.folder)/kubelet.conf").connection()
        let server = change.applied(to: connection.server)
        guard server != connection.server else { return }
        connection.server = server
        let answer: HTTPResponseData
        do {
            answer = try await SingleRequest.get(connection, "/livez")
        } catch {
            throw KubeadmError("the API server is not at \(server): \(error); run kubeadm readdress on the control plane first")
        }
        guard answer.status == 200 else { throw KubeadmError("the API server at \(server) answers \(answer.status)") }
    }

    /// Those whose manifests are as before, and who read their kubeconfigs at their start.
    private func restartClients() async throws {
        let components = ControlPlaneManifests.components.filter { $0 != "kube-apiserver" }
        if Rehearsal.instead("restart \(components.joined(separator: ", "))") { return }
        guard let socket = machine.criSocket else {
            throw KubeadmError("\(KubeletFiles.environmentPath) does not name the container runtime: --container-runtime-endpoint is missing there")
        }
        Say.line("[readdress] Restarting \(components.joined(separator: ", "))")
        try await StaticPodContainers.restart(components, socket: socket)
    }

    /// What the cluster itself says of the API server's address: to those who join, and to the service proxy.
    private func correctCluster() async throws {
        if Rehearsal.instead("correct the ConfigMaps cluster-info, kubeadm-config and kube-proxy, and restart kube-proxy") { return }
        let client = try ClusterObjects.client("\(machine.folder)/admin.conf")
        Say.line("[readdress] Waiting for the API server to come up at \(change.new)")
        try await waitForServer(client)
        for (namespace, name) in [("kube-public", "cluster-info"), ("kube-system", "kubeadm-config"), ("kube-system", "kube-proxy")] {
            let path = "/api/v1/namespaces/\(namespace)/configmaps/\(name)"
            let data = try await client.get(path: path)["data"]?.objectValue ?? [:]
            var changes: JSONObject = [:]
            for (key, value) in data {
                if let text = value.stringValue, change.applied(to: text) != text { changes[key] = .string(change.applied(to: text)) }
            }
            if changes.isEmpty { continue }
            try await patch(client, path, ["data": .object(changes)])
            Say.line("[readdress] ConfigMap \(namespace)/\(name): \(change.old) is \(change.new) now")
        }
        // It reads its file at its start.
        try await patch(
            client, "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
            [
                "spec": [
                    "template": ["metadata": ["annotations": ["kubeadm.kubernetes.io/readdressed": .string("\(change.new)")]]]
                ]
            ])
    }

    /// Until the API server says of itself that it is at the new address; the old one may still answer there for a moment.
    private func waitForServer(_ client: Client) async throws {
        let deadline = ContinuousClock.now + HealthWait.longest
        var last = "it still names its old address"
        while ContinuousClock.now < deadline {
            do {
                let endpoints = try await client.get(path: "/api/v1/namespaces/default/endpoints/kubernetes")
                let addresses = endpoints["subsets"]?[0]?["addresses"]?.arrayValue ?? []
                if addresses.contains(where: { $0["ip"]?.stringValue == change.new }) { return }
            } catch {
                last = "\(error)"
            }
            try await Task.sleep(for: .milliseconds(300))
        }
        throw KubeadmError("the API server does not come up at \(change.new): \(last); crictl logs tells why")
    }

    private func patch(_ client: Client, _ path: String, _ body: JSONValue) async throws {
        _ = try await client.send("PATCH", path, body.serialized(), contentType: "application/merge-patch+json")
    }
}
