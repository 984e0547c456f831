import Linux

extension Phase {
    static let store = Phase(name: "etcd", summary: "The store: it is embedded in kube-apiserver", parts: ["local"]) { settings, _ in
        Say.line("[etcd] The store is embedded in kube-apiserver, in \"\(settings.dataFolder)\"")
    }

    static let controlPlane = Phase(
        name: "control-plane", summary: "Generate all static Pod manifest files necessary to establish the control plane",
        parts: ["all", "apiserver", "controller-manager", "scheduler"]
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
