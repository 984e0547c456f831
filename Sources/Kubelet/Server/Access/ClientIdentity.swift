import NIOSSL
import SwiftASN1
import X509

/// Who is at the other end of a connection: from the certificate that TLS has verified, or on the API server's word.
package struct KubeletClientIdentity: Sendable, Equatable {
    /// A certificate's common name.
    package var name: String
    package var uid = ""
    /// A certificate's organizations.
    package var groups: [String]
    package var extra: [String: [String]] = [:]

    package init(name: String, groups: [String]) {
        self.name = name
        self.groups = groups
    }

    static let anonymous = KubeletClientIdentity(name: "system:anonymous", groups: ["system:unauthenticated"])

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
