import KubernetesAPI
package import PKI

/// Certificates in the columns of `kubeadm certs check-expiration`.
package enum CertificateTable {
    /// - Parameter showsUse: with whom each is for and who uses it, too.
    package static func lines(_ entries: [CertificateEntry], now: Int64, showsUse: Bool = false) -> [String] {
        let head = ["EXPIRES", "RESIDUAL TIME"]
        let use = ["EXTERNALLY MANAGED"] + (showsUse ? ["SUBJECT", "USED BY"] : [])
        func row(_ entry: CertificateEntry) -> [String] {
            [entry.name, date(entry.certificate.notAfter), residual(entry.certificate.notAfter - now)] + (entry.signer.map { [$0] } ?? []) + ["no"]
                + (showsUse ? [entry.subject, entry.user] : [])
        }
        return Columns.text([["CERTIFICATE"] + head + ["CERTIFICATE AUTHORITY"] + use] + entries.filter { !$0.isAuthority }.map(row)) + [""]
            + Columns.text([["CERTIFICATE AUTHORITY"] + head + use] + entries.filter(\.isAuthority).map(row))
    }

    /// `Nov 22, 2027 20:15 UTC`.
    package static func date(_ seconds: Int64) -> String {
        let text = Array("\(Time(seconds: seconds))".utf8)
        guard text.count == 20, let month = Int(String(decoding: text[5..<7], as: UTF8.self)), (1...12).contains(month) else {
            return "\(Time(seconds: seconds))"
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        return "\(months[month - 1]) \(part(8..<10)), \(part(0..<4)) \(part(11..<16)) UTC"
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
