import ContainerRuntime
import Linux

extension Phase {
    static let store = Phase(name: "etcd", summary: "Generate static Pod manifest file for local etcd", parts: ["local"]) { settings, _ in
        switch settings.store {
        case .embedded: Say.line("[etcd] The store is embedded in kube-apiserver, in \"\(settings.dataFolder)\"")
        case .external(let etcd): Say.line("[etcd] The store is an etcd of somebody else, at \(etcd.endpoints.joined(separator: ", "))")
        case .local(let etcd): try await EtcdPhase.write(settings, etcd)
        }
    }

    static let controlPlane = Phase(
        name: "control-plane", summary: "Generate all static Pod manifest files necessary to establish the control plane",
        parts: ["all", "apiserver", "controller-manager", "scheduler", "certificate-keeper"]
    ) { settings, part in
        Say.line("[control-plane] Using manifest folder \"\(settings.manifests)\"")
        if !Rehearsal.isOn { try Files.makeDirectory(settings.manifests, mode: 0o700) }
        let manifests = ControlPlaneManifests(settings: settings)
        for component in ControlPlaneManifests.components where part == nil || part == "all" || "kube-\(part ?? "")" == component {
            Say.line("[control-plane] Creating static Pod manifest for \"\(component)\"")
            try Rehearsal.write("\(settings.manifests)/\(component).yaml", manifests.text(component), mode: 0o600)
        }
    }
}

enum EtcdPhase {
    static func path(_ settings: InitSettings) -> String { "\(settings.manifests)/\(EtcdManifest.name).yaml" }

    /// - Parameter others: the members that there are already.
    static func write(_ settings: InitSettings, _ etcd: LocalEtcd, others: [EtcdMember] = []) async throws {
        Say.line("[etcd] Creating static Pod manifest for local etcd in \"\(settings.manifests)\"")
        if !Rehearsal.isOn {
            try Files.makeDirectory(settings.manifests, mode: 0o700)
            try Files.makeDirectory(etcd.dataFolder, mode: 0o700)
        }
        let manifest = EtcdManifest(settings: settings, etcd: etcd, image: try await KubeadmImages.etcd().name, others: others)
        try Rehearsal.write(path(settings), manifest.text, mode: 0o600)
    }
}
