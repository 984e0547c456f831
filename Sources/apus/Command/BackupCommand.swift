import ArgumentParser
import Components
import Linux
import Logging
import Storage

/// `apus backup`: everything the store holds, in one file.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write all that a cluster's store holds into one file, while the cluster runs.",
        discussion: """
            The store is that of apus up, or with --sqlite-data-dir or --etcd-servers one of kube-apiserver. The file holds the cluster's secrets as \
            the store does; certificates (the folder pki) and the keys of encryption at rest are not in it. apus restore puts it into either store.
            """)

    @Argument(help: "The file to make; one in the folder backups beside the store if not given.")
    var file: String?

    @OptionGroup var store: StoreOptions
    @OptionGroup var etcd: EtcdOptions

    @Flag(help: "Replace the file if it is there.")
    var force = false

    func run() async throws {
        do {
            let now = SystemStoreClock().nowMilliseconds
            let (path, summary) = try await write(now)
            Terminal.say("\(path) holds the store's \(summary.count) keys as they were at revision \(summary.revision).")
            Terminal.say("Keep it where only you can read it: it holds the cluster's secrets.")
        } catch {
            Terminal.fail("\(error)")
        }
    }

    private func write(_ now: Int64) async throws -> (path: String, BackupSummary) {
        if let configuration = try etcd.configuration(prefix: store.etcdPrefix) {
            guard let file else { throw CommandError("name the file that the backup of etcd goes to, such as /root/etcd.backup") }
            let logger = Logger(label: "apus") { _ in PlainLogHandler(level: .error) }
            return (file, try await EtcdBackup.write(configuration, to: file, time: now, replacing: force, logger: logger))
        }
        let source = try store.file()
        guard Files.exists(source) else { throw CommandError("there is no store \(source): name its folder with --data-dir or --sqlite-data-dir") }
        let folder = BackupFolder(of: source)
        if file == nil { try Files.makeDirectory(folder.path, mode: 0o700) }
        let path = file ?? folder.file(time: now)
        return (path, try SQLiteBackup.write(source, to: path, time: now, replacing: force))
    }
}
