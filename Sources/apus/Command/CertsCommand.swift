import ArgumentParser
import Glibc
import Kubeadm
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
            for line in CertificateTable.lines(entries, now: Int64(time(nil)), showsUse: true) { Terminal.say(line) }
        } catch {
            Terminal.fail("\(error)")
        }
    }
}
