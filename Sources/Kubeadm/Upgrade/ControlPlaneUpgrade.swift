import Flags
import Glibc
import JSON
import KubernetesAPI
import KubernetesClient
import Linux
import PKI

/// Brings the control plane of this machine to the version of this program, component by component; one that does not come up again goes back
/// to what it was.
struct ControlPlaneUpgrade: Sendable {
    /// How long a component may take to come up with its new manifest.
    static let patience: Duration = .seconds(300)

    var settings: InitSettings
    var client: Client
    var renewsCertificates: Bool

    func run() async throws {
        let etcd = settings.store.local == nil ? nil : try await KubeadmImages.etcd()
        if settings.image == KubeadmImages.controlPlane, !Rehearsal.instead("make the image of the control plane out of this program") {
            Say.line("[upgrade/images] Making the image of the control plane out of this program: no registry is needed")
            try await KubeadmImages.ensure(socket: settings.criSocket, folder: KubeadmImages.folder, etcd: etcd)
        }
        if renewsCertificates, !Rehearsal.instead("make the certificates of the control plane anew") {
            Say.line("[upgrade/certs] Renewing the certificates of the control plane")
            let installed = settings.installedCertificates
            for entry in try installed.entries() where !entry.isAuthority && !entry.isExternal {
                try installed.renew(entry.name, now: Int64(time(nil)))
            }
        }
        let manifests = ControlPlaneManifests(settings: settings)
        for component in ControlPlaneManifests.components { try await replace(component, manifests.text(component)) }
    }

    private func replace(_ component: String, _ new: String) async throws {
        let path = "\(settings.manifests)/\(component).yaml"
        let old = try Files.read(path).map { String(decoding: $0, as: UTF8.self) }
        guard old != new else {
            return Say.line("[upgrade/staticpods] Current and new manifests of \(component) are equal, skipping upgrade")
        }
        Say.line("[upgrade/staticpods] Preparing for \"\(component)\" upgrade")
        if Rehearsal.isOn { return try Rehearsal.write(path, new, mode: 0o600) }
        let before = try await hash(component)
        let folder = "\(settings.folder)/tmp/kubeadm-backup-manifests"
        let kept = "\(folder)/\(component).yaml"
        if let old {
            try Files.makeDirectory(folder, mode: 0o700)
            try Files.writeAtomically(kept, old, mode: 0o600)
            Say.line("[upgrade/staticpods] The old manifest is kept at \"\(kept)\"")
        }
        try Files.writeAtomically(path, new, mode: 0o600)
        Say.line("[upgrade/staticpods] Waiting for the kubelet to restart the component. This can take up to \(GoDuration.text(Self.patience))")
        do {
            try await waitUntilChanged(component, from: before)
        } catch {
            if let old { try Files.writeAtomically(path, old, mode: 0o600) }
            throw KubeadmError("\(component) did not come up with its new manifest, and has its old one again: \(error)")
        }
        Say.line("[upgrade/staticpods] Component \"\(component)\" upgraded successfully!")
    }

    private func pod(_ component: String) async throws -> JSONValue {
        try await client.get(path: "/api/v1/namespaces/kube-system/pods/\(component)-\(settings.nodeName)")
    }

    /// By which the kubelet tells manifests apart; nil when the component does not run.
    private func hash(_ component: String) async throws -> String? {
        do {
            return try await pod(component)["metadata"]?["annotations"]?["kubernetes.io/config.hash"]?.stringValue
        } catch let error as APIStatusError where error.isNotFound {
            return nil
        }
    }

    private func waitUntilChanged(_ component: String, from before: String?) async throws {
        let deadline = ContinuousClock.now + Self.patience
        var last = "it was not started"
        while ContinuousClock.now < deadline {
            do {
                let pod = try await pod(component)
                let now = pod["metadata"]?["annotations"]?["kubernetes.io/config.hash"]?.stringValue
                let ready = pod["status"]?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
                if now != before, ready?["status"]?.stringValue == "True" { return }
                last = now == before ? "the kubelet has not taken the manifest" : "it is not ready"
            } catch {
                // The API server itself may be the one that is being replaced.
                last = "\(error)"
            }
            try await Task.sleep(for: .milliseconds(300))
        }
        throw KubeadmError(last)
    }
}
