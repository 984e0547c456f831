/// A rule of the cluster that every write passes. First all plugins may change the object, then all may refuse it.
package protocol AdmissionPlugin: Sendable {
    /// As in `--enable-admission-plugins`.
    var name: String { get }
}

/// A plugin that changes objects.
protocol MutatingAdmission: AdmissionPlugin {
    func mutate(_ review: inout AdmissionReview) throws(APIStatus)
}

/// A plugin that refuses objects.
protocol ValidatingAdmission: AdmissionPlugin {
    func validate(_ review: inout AdmissionReview) throws(APIStatus)
}

/// The plugins in their order.
package struct AdmissionChain: Sendable {
    private var mutating: [any MutatingAdmission]
    private var validating: [any ValidatingAdmission]

    package init(_ plugins: [any AdmissionPlugin]) {
        mutating = plugins.compactMap { $0 as? any MutatingAdmission }
        validating = plugins.compactMap { $0 as? any ValidatingAdmission }
    }

    /// The plugins that are on by default, in upstream's order; new ones each time, for some keep count of writes under way.
    package static var standard: AdmissionChain { standard(tolerations: DefaultTolerationSeconds()) }

    static func standard(tolerations: DefaultTolerationSeconds) -> AdmissionChain {
        AdmissionChain([
            NamespaceLifecycle(), LimitRanger(), ServiceAccountAdmission(), TaintNodesByCondition(), PriorityAdmission(), tolerations,
            StorageObjectInUseProtection(), DefaultStorageClass(), DefaultIngressClass(), RuntimeClassAdmission(), PersistentVolumeClaimResize(),
            ResourceQuotaAdmission(),
        ])
    }

    /// The same chain with one more plugin at its end.
    func adding(_ plugin: any AdmissionPlugin) -> AdmissionChain {
        var chain = self
        if let plugin = plugin as? any MutatingAdmission { chain.mutating.append(plugin) }
        if let plugin = plugin as? any ValidatingAdmission { chain.validating.append(plugin) }
        return chain
    }

    func adding(_ plugins: [any AdmissionPlugin]) -> AdmissionChain {
        plugins.reduce(self) { $0.adding($1) }
    }

    /// The same chain without the plugins of these names.
    package func without(_ names: Set<String>) -> AdmissionChain {
        var chain = self
        chain.mutating.removeAll { names.contains($0.name) }
        chain.validating.removeAll { names.contains($0.name) }
        return chain
    }

    /// Plugins that run only where they are asked for.
    package static var optional: [any AdmissionPlugin] { [AlwaysPullImages(), DenyServiceExternalIPs(), ExtendedResourceToleration()] }

    /// The names of all plugins that a server has, those included that ask its authorizer or take settings.
    package static var pluginNames: Set<String> {
        standard.names.union([
            "NodeRestriction", "CertificateApproval", "CertificateSigning", "CertificateSubjectRestriction", "PodSecurity",
        ]).union(optional.map(\.name))
    }

    /// The names of its plugins.
    package var names: Set<String> { Set(mutating.map(\.name)).union(validating.map(\.name)) }

    func mutate(_ review: inout AdmissionReview) throws(APIStatus) {
        for plugin in mutating { try plugin.mutate(&review) }
    }

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        for plugin in validating { try plugin.validate(&review) }
    }
}
