package import KubernetesClient

/// Who is let in without a client certificate.
package struct KubeletAuthentication: Sendable {
    /// Whether a client without any credential is `system:anonymous` rather than refused.
    package var allowsAnonymous = false
    /// Whose a bearer token is; nil when it does not count. Without it none counts.
    package var identify: (@Sendable (_ token: String) async -> ClientIdentity?)?

    package init() {}

    /// The client behind a request; nil when it is to be refused.
    func identity(certificate: ClientIdentity?, authorization: String?) async -> ClientIdentity? {
        if let certificate { return certificate }
        if let authorization {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer", let identify else { return nil }
            let token = parts[1].drop { $0 == " " }
            return token.isEmpty ? nil : await identify(String(token))
        }
        return allowsAnonymous ? .anonymous : nil
    }
}

/// Decides whether an identified client may do something.
package struct KubeletAuthorizer: Sendable {
    /// - Throws: when nobody can say.
    package var allows: @Sendable (ClientIdentity, KubeletAction) async throws -> Bool

    package init(allows: @escaping @Sendable (ClientIdentity, KubeletAction) async throws -> Bool) {
        self.allows = allows
    }

    /// Administrators, and the API server by the names it has: for a node agent that has nobody to ask.
    package static let apiServerAndAdministrators = KubeletAuthorizer { identity, _ in
        let groups: Set<String> = ["system:masters", "kubeadm:cluster-admins", "system:kubelet-api-admin", "kubelet-api-admin"]
        let names: Set<String> = ["kube-apiserver", "kube-apiserver-kubelet-client", "kubelet-api-admin", "system:kube-apiserver"]
        return names.contains(identity.name) || identity.groups.contains(where: groups.contains)
    }

    package static let everybody = KubeletAuthorizer { _, _ in true }
}
