import ArgumentParser
import Glibc
import KubernetesAPI
import Linux
import PKI

/// `apus certs`: every certificate of the cluster, with its end.
struct CertsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "certs", abstract: "Show the cluster's certificates, when they end and who uses them.",
        discussion: "The server renews them by itself thirty days ahead. What it cannot renew stands in its log, and as events of the node.")

    @OptionGroup var data: DataFolderOption

    func run() async throws {
        do {
            let folder = try data.folder()
            guard Files.exists(folder.pki) else { throw CommandError("there is no cluster in \(folder.path). Start one: apus up") }
            let entries = try ClusterCertificates.entries(folder)
            for line in CertificateText.table(entries, now: Int64(time(nil))) { Terminal.say(line) }
        } catch {
            Terminal.fail("\(error)")
        }
    }
}

/// Certificates in the columns of `kubeadm certs check-expiration`, and two more.
enum CertificateText {
    static func table(_ entries: [CertificateEntry], now: Int64) -> [String] {
        func row(_ entry: CertificateEntry) -> [String] {
            [entry.name, date(entry.certificate.notAfter), residual(entry.certificate.notAfter - now)]
        }
        let leaves = entries.filter { !$0.isAuthority }.map { row($0) + [$0.signer ?? "", "no", $0.subject, $0.user] }
        let authorities = entries.filter(\.isAuthority).map { row($0) + ["no", $0.subject, $0.user] }
        return columns(
            [["CERTIFICATE", "EXPIRES", "RESIDUAL TIME", "CERTIFICATE AUTHORITY", "EXTERNALLY MANAGED", "SUBJECT", "USED BY"]] + leaves)
            + [""] + columns([["CERTIFICATE AUTHORITY", "EXPIRES", "RESIDUAL TIME", "EXTERNALLY MANAGED", "SUBJECT", "USED BY"]] + authorities)
    }

    /// `Nov 22, 2027 20:15 UTC`.
    static func date(_ seconds: Int64) -> String {
        let text = Array("\(Time(seconds: seconds))".utf8)
        guard text.count == 20, let month = Int(String(decoding: text[5..<7], as: UTF8.self)), (1...12).contains(month) else {
            return "\(Time(seconds: seconds))"
        }
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func part(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }
        return "\(months[month - 1]) \(part(8..<10)), \(part(0..<4)) \(part(11..<16)) UTC"
    }

    /// As kubectl shows ages, short.
    static func residual(_ seconds: Int64) -> String {
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

    private static func columns(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 3)
            }
            return line
        }
    }
}
