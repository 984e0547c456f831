import Linux
import NIOSSL
import SwiftASN1
import X509

/// Who is at the other end of a connection, from the certificate that TLS has verified.
package struct KubeletClientIdentity: Sendable, Equatable {
    /// The certificate's common name.
    package var name: String
    /// Its organizations.
    package var groups: [String]

    package init(name: String, groups: [String]) {
        self.name = name
        self.groups = groups
    }

    /// - Throws: when the certificate cannot be read.
    init(_ certificate: NIOSSLCertificate) throws {
        let parsed = try Certificate(derEncoded: try certificate.toDERBytes())
        var name = ""
        var groups: [String] = []
        for part in parsed.subject {
            for attribute in part {
                let value = String(describing: attribute.value)
                if attribute.type == .RDNAttributeType.commonName { name = value }
                if attribute.type == .RDNAttributeType.organizationName { groups.append(value) }
            }
        }
        self.init(name: name, groups: groups)
    }
}

/// Who is let in without a client certificate.
package struct KubeletAuthentication: Sendable {
    /// Whether a client without any credential is `system:anonymous` rather than refused.
    package var allowsAnonymous = false
    /// Whose a bearer token is; nil when it does not count. Without it none counts.
    package var identify: (@Sendable (_ token: String) async -> KubeletClientIdentity?)?

    package init() {}

    /// The client behind a request; nil when it is to be refused.
    func identity(certificate: KubeletClientIdentity?, authorization: String?) async -> KubeletClientIdentity? {
        if let certificate { return certificate }
        if let authorization {
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer", let identify else { return nil }
            return await identify(String(parts[1].drop { $0 == " " }))
        }
        return allowsAnonymous ? KubeletClientIdentity(name: "system:anonymous", groups: ["system:unauthenticated"]) : nil
    }
}

/// What a client wants of the node agent, in the terms of authorization: a verb on a subresource of nodes.
package struct KubeletAction: Sendable, Equatable {
    /// get, create, update, patch or delete.
    package var verb: String
    /// proxy, stats, metrics, log, pods, configz or healthz.
    package var subresource: String
    package var path: String

    init(method: String, path: String) {
        switch method {
        case "POST": verb = "create"
        case "PUT": verb = "update"
        case "PATCH": verb = "patch"
        case "DELETE": verb = "delete"
        default: verb = "get"
        }
        self.path = path
        let first = Path.components(path).first ?? ""
        switch first {
        case "stats", "metrics", "pods", "configz", "healthz": subresource = first
        case "runningpods": subresource = "pods"
        case "logs": subresource = "log"
        default: subresource = "proxy"
        }
    }
}

/// Decides whether an identified client may do something.
package struct KubeletAuthorizer: Sendable {
    package var allows: @Sendable (KubeletClientIdentity, KubeletAction) async -> Bool

    package init(allows: @escaping @Sendable (KubeletClientIdentity, KubeletAction) async -> Bool) {
        self.allows = allows
    }

    /// Administrators, and the API server by the names it has.
    package static let apiServerAndAdministrators = KubeletAuthorizer { identity, _ in
        let groups: Set<String> = ["system:masters", "kubeadm:cluster-admins", "system:kubelet-api-admin", "kubelet-api-admin"]
        let names: Set<String> = ["kube-apiserver", "kube-apiserver-kubelet-client", "kubelet-api-admin", "system:kube-apiserver"]
        return names.contains(identity.name) || identity.groups.contains(where: groups.contains)
    }
}
