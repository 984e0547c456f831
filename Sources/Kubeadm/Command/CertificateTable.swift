import KubernetesClient
package import PKI

/// Certificates in the columns of `kubeadm certs check-expiration`.
package enum CertificateTable {
    /// - Parameter showsUse: with whom each is for and who uses it, too.
    package static func lines(_ entries: [CertificateEntry], now: Int64, showsUse: Bool = false) -> [String] {
        let head = ["EXPIRES", "RESIDUAL TIME"]
        let use = ["EXTERNALLY MANAGED"] + (showsUse ? ["SUBJECT", "USED BY"] : [])
        func row(_ entry: CertificateEntry) -> [String] {
            [entry.name, CertificateDate.text(entry.certificate.notAfter), residual(entry.certificate.notAfter - now)]
                + (entry.signer.map { [$0] } ?? []) + [entry.isExternal ? "yes" : "no"] + (showsUse ? [entry.subject, entry.user] : [])
        }
        return Columns.text([["CERTIFICATE"] + head + ["CERTIFICATE AUTHORITY"] + use] + entries.filter { !$0.isAuthority }.map(row)) + [""]
            + Columns.text([["CERTIFICATE AUTHORITY"] + head + use] + entries.filter(\.isAuthority).map(row))
    }

    /// As kubectl shows ages, short.
    private static func residual(_ seconds: Int64) -> String {
        switch seconds {
        case ..<(-1): "<invalid>"
        case ..<0: "0s"
        case ..<60: "\(seconds)s"
        case ..<3600: "\(seconds / 60)m"
        case ..<86400: "\(seconds / 3600)h"
        case ..<(365 * 86400): "\(seconds / 86400)d"
        default: "\(seconds / (365 * 86400))y"
        }
    }
}
