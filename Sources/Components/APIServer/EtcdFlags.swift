import APIServer
import Flags
import Logging
import ServiceLifecycle
import Storage

/// The flags about etcd, and the store that they ask for.
struct EtcdFlags {
    let configuration: EtcdConfiguration
    /// What is shown to etcd, taken in anew when it changes.
    let client: ServingFiles?
    private let authorityPath: String?
    private let livenessTimeout: Duration
    private let readinessTimeout: Duration

    /// Nil when the store is the embedded one.
    ///
    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    init?(_ flags: FlagValues) throws {
        let servers = flags.list("etcd-servers")
        switch flags.text("storage-backend") {
        case nil:
            if servers.isEmpty {
                try Self.refuseWithoutServers(flags)
                return nil
            }
        case "sqlite":
            if !servers.isEmpty { throw FlagProblem("--storage-backend sqlite is the embedded store: leave --etcd-servers out") }
            try Self.refuseWithoutServers(flags)
            return nil
        case "etcd3":
            if servers.isEmpty { throw FlagProblem("--etcd-servers must be specified") }
        case let other?:
            throw FlagProblem("--storage-backend \(other) is not supported, allowed values: sqlite, etcd3")
        }
        if flags.isGiven("sqlite-data-dir") {
            throw FlagProblem("--sqlite-data-dir is the folder of the embedded store: leave it out with --etcd-servers")
        }
        var configuration = EtcdConfiguration(
            endpoints: try servers.map { text in
                guard let endpoint = EtcdEndpoint(text) else {
                    throw FlagProblem("--etcd-servers \(text) must be an address such as https://10.0.0.1:2379 or unix:///run/etcd.sock")
                }
                return endpoint
            })
        configuration.keys = EtcdKeySpace(prefix: flags.string("etcd-prefix"))
        configuration.leaseReuse = .seconds(flags.int("lease-reuse-duration-seconds"))
        authorityPath = flags.text("etcd-cafile")
        switch (flags.text("etcd-certfile"), flags.text("etcd-keyfile")) {
        case (let certificate?, let key?): client = ServingFiles(certificatePath: certificate, keyPath: key)
        case (nil, nil): client = nil
        default: throw FlagProblem("--etcd-certfile and --etcd-keyfile must be given together")
        }
        livenessTimeout = flags.duration("etcd-healthcheck-timeout")
        readinessTimeout = flags.duration("etcd-readycheck-timeout")
        configuration.credentials = try Self.credentials(authorityPath, try client?.load())
        self.configuration = configuration
    }

    private static func refuseWithoutServers(_ flags: FlagValues) throws(FlagProblem) {
        for flag in ["etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-prefix"] where flags.isGiven(flag) {
            throw FlagProblem("--\(flag) is about etcd: give --etcd-servers too")
        }
    }

    private static func credentials(_ authorityPath: String?, _ client: HTTPServerTLS?) throws -> EtcdCredentials {
        EtcdCredentials(
            authorities: try authorityPath.map { try ServingFiles.read($0) }, certificate: client?.certificateChain, key: client?.privateKey)
    }

    /// What keeps the store's certificate fresh, if it has one.
    func follower(for store: EtcdStore, logger: Logger) -> FileFollower? {
        client.map { files in
            files.follower(logger: logger) { [authorityPath] found in try store.replace(Self.credentials(authorityPath, found)) }
        }
    }

    /// How `componentstatuses` asks the store.
    func component(_ store: EtcdStore) -> ComponentProbe { .etcd(store, timeout: livenessTimeout) }

    /// The checks that upstream's server has.
    func checks(of store: EtcdStore) -> [HealthCheck] {
        let (liveness, readiness) = (livenessTimeout, readinessTimeout)
        return [
            HealthCheck("etcd", asking: { await store.problem(timeout: liveness) }),
            HealthCheck("etcd-readiness", scope: .readiness, asking: { await store.problem(timeout: readiness) }),
        ]
    }
}
