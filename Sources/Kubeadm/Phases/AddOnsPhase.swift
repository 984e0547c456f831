extension Phase {
    static let addOns = Phase(
        name: "addon", summary: "Install required addons for passing conformance tests", parts: ["all", "coredns", "kube-proxy"]
    ) { settings, part in
        let objects = try ClusterObjects(settings)
        let manifests = AddOnManifests(settings: settings)
        if part == nil || part == "all" || part == "coredns" {
            try await objects.apply(manifests.dns)
            Say.line("[addons] Applied essential addon: CoreDNS")
        }
        if part == nil || part == "all" || part == "kube-proxy" {
            try await objects.apply(manifests.proxy)
            Say.line("[addons] Applied essential addon: kube-proxy")
        }
    }
}
