import ArgumentParser
import Linux
import Storage

/// Which store a command is about: that of `apus up`, or one of `kube-apiserver`, by the names that its flags have.
struct StoreOptions: ParsableArguments {
    @OptionGroup var data: DataFolderOption

    @Option(name: .customLong("sqlite-data-dir"), help: "The folder of kube-apiserver's embedded store, instead of --data-dir.")
    var sqliteDataDir: String?

    @Option(name: .customLong("etcd-prefix"), help: "What the cluster's keys in etcd begin with.")
    var etcdPrefix = EtcdKeySpace.root

    /// The file of the embedded store.
    func file() throws -> String {
        let folder = try data.folder()
        guard let given = sqliteDataDir else { return folder.database }
        guard given.hasPrefix("/") else { throw CommandError("--sqlite-data-dir \(given) must be an absolute path") }
        return "\(given)/state.db"
    }
}

/// Where a running etcd is.
struct EtcdOptions: ParsableArguments {
    @Option(name: .customLong("etcd-servers"), help: "etcd's members, such as https://10.0.0.1:2379, with commas between: the store is there.")
    var servers: String?

    @Option(name: .customLong("etcd-cafile"), help: "Who may vouch for etcd's members; the machine's authorities if not given.")
    var authority: String?

    @Option(name: .customLong("etcd-certfile"), help: "The certificate to show to etcd.")
    var certificate: String?

    @Option(name: .customLong("etcd-keyfile"), help: "Its key.")
    var key: String?

    /// - Returns: nil when the store is not in etcd.
    func configuration(prefix: String) throws -> EtcdConfiguration? {
        guard let servers else {
            guard authority == nil, certificate == nil, key == nil else {
                throw CommandError("--etcd-cafile, --etcd-certfile and --etcd-keyfile are about etcd: give --etcd-servers too")
            }
            return nil
        }
        guard (certificate == nil) == (key == nil) else { throw CommandError("--etcd-certfile and --etcd-keyfile must be given together") }
        let endpoints = try servers.split(separator: ",").map { text in
            guard let endpoint = EtcdEndpoint(String(text)) else {
                throw CommandError("--etcd-servers \(text) must be an address such as https://10.0.0.1:2379 or unix:///run/etcd.sock")
            }
            return endpoint
        }
        guard !endpoints.isEmpty else { throw CommandError("--etcd-servers must name a member, such as https://10.0.0.1:2379") }
        var configuration = EtcdConfiguration(endpoints: endpoints)
        configuration.keys = EtcdKeySpace(prefix: prefix)
        configuration.credentials = EtcdCredentials(
            authorities: try authority.map(Self.read), certificate: try certificate.map(Self.read), key: try key.map(Self.read))
        return configuration
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let bytes = try Files.read(path) else { throw CommandError("there is no file \(path)") }
        return bytes
    }
}
