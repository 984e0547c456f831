import ArgumentParser
import Linux
import Storage

/// `apus restore`: a store from a backup.
struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a store from what apus backup has written.",
        discussion: """
            For apus up, or with --sqlite-data-dir for kube-apiserver, the store's file is made; its server must not run. With --etcd-snapshot a snapshot \
            is made from which etcdctl makes the data of etcd's members. Every object keeps its resource version; the next ones are greater than any \
            that the old store can have given out, and whoever has watched it lists anew.
            """)

    @Argument(help: "What apus backup has written.")
    var file: String

    @OptionGroup var store: StoreOptions

    @Option(name: .customLong("etcd-snapshot"), help: "Make a snapshot for etcd, of this name, instead of an embedded store.")
    var snapshot: String?

    @Flag(help: "Replace the store, or the snapshot, if it is there. A store is kept beside the new one.")
    var force = false

    func run() async throws {
        do {
            let backup = try BackupReader(file)
            if let snapshot {
                let revision = try EtcdSnapshot.write(backup, to: snapshot, keys: EtcdKeySpace(prefix: store.etcdPrefix), replacing: force)
                Terminal.say("\(snapshot) is a snapshot of etcd with \(backup.summary.count) keys, at revision \(revision).")
                Terminal.say("Make every member's data from it while no member runs, each with its own name and folder, and start them on that:\n")
                Terminal.say("  ETCDCTL_API=3 etcdctl snapshot restore \(snapshot) --name NAME --data-dir FOLDER \\")
                Terminal.say("      --initial-cluster NAME=URL,... --initial-advertise-peer-urls URL")
                return
            }
            let path = try store.file()
            try Files.makeDirectory(Path.parent(path) ?? "/", mode: 0o700)
            let (revision, replaced) = try SQLiteBackup.restore(backup, to: path, replacing: force)
            Terminal.say("\(path) holds \(backup.summary.count) keys, at revision \(revision). Start its server: whoever watches lists anew.")
            if let replaced { Terminal.say("The store that was there is \(replaced); remove it when it is not needed any more.") }
        } catch {
            Terminal.fail("\(error)")
        }
    }
}
