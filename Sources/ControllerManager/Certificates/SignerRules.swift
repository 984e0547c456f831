import PKI

/// The signers that the cluster has itself, and what each of them signs.
package enum BuiltInSigner: String, Sendable, CaseIterable {
    case apiServerClient = "kubernetes.io/kube-apiserver-client"
    case kubeletClient = "kubernetes.io/kube-apiserver-client-kubelet"
    case kubeletServing = "kubernetes.io/kubelet-serving"
    case legacyUnknown = "kubernetes.io/legacy-unknown"

    /// What in a request this signer does not sign, in upstream's words; nil if it signs.
    func flaw(of request: SigningRequest, usages: [String]) -> String? {
        switch self {
        case .apiServerClient: Self.clientUsageFlaw(usages)
        case .kubeletClient: Self.kubeletFlaw(request, usages, needed: "client auth") ?? Self.clientNameFlaw(request)
        case .kubeletServing: Self.kubeletFlaw(request, usages, needed: "server auth") ?? Self.servingNameFlaw(request)
        case .legacyUnknown: nil
        }
    }

    private static func clientUsageFlaw(_ usages: [String]) -> String? {
        let optional = ["digital signature", "key encipherment"]
        if let other = usages.first(where: { $0 != "client auth" && !optional.contains($0) }) {
            return "invalid usage for client certificate: \(other)"
        }
        return usages.contains("client auth") ? nil : "missing required usage for client certificate: client auth"
    }

    private static func kubeletFlaw(_ request: SigningRequest, _ usages: [String], needed: String) -> String? {
        if request.organizations != ["system:nodes"] { return "subject organization is not system:nodes" }
        if !request.commonName.hasPrefix("system:node:") { return "subject common name does not begin with system:node: " }
        if !request.emailAddresses.isEmpty { return "Email subjectAltNames are not allowed" }
        if !request.uris.isEmpty { return "URI subjectAltNames are not allowed" }
        let required: Set<String> = ["digital signature", "key encipherment", needed]
        // A key that can only sign needs no encipherment.
        if Set(usages) == required || Set(usages) == required.subtracting(["key encipherment"]) { return nil }
        return "usages did not match [\(required.sorted().joined(separator: " "))]"
    }

    private static func clientNameFlaw(_ request: SigningRequest) -> String? {
        if !request.dnsNames.isEmpty { return "DNS subjectAltNames are not allowed" }
        return request.ipAddresses.isEmpty ? nil : "IP subjectAltNames are not allowed"
    }

    private static func servingNameFlaw(_ request: SigningRequest) -> String? {
        request.dnsNames.isEmpty && request.ipAddresses.isEmpty ? "DNS or IP subjectAltName is required" : nil
    }
}
