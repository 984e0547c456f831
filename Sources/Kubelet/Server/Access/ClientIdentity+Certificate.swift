import KubernetesClient
import NIOSSL
import SwiftASN1
import X509

extension ClientIdentity {
    /// Who a certificate names that TLS has verified.
    ///
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
