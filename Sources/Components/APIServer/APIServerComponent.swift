import APIServer
package import Flags
import Linux
import Logging
import PKI
import ServiceLifecycle
import Storage

/// `kube-apiserver`.
package enum APIServerComponent: Component {
    package static var table: FlagTable { APIServerFlags.table }

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let etcdFlags = try EtcdFlags(flags)
        var (configuration, serving) = try Self.configuration(flags, logger: logger)
        configuration.components = try ComponentProbe.beside(logger)
        let storeLogger = Logger(label: "storage")
        let store: any Store
        var services: [any ServiceLifecycle.Service] = []
        var embedded: SQLiteStore?
        defer { embedded?.close() }
        if let etcdFlags {
            let etcd = try EtcdStore(etcdFlags.configuration, logger: storeLogger)
            store = etcd
            services.append(etcd)
            if let follower = etcdFlags.follower(for: etcd, logger: logger) { services.append(follower) }
            configuration.healthChecks = etcdFlags.checks(of: etcd)
            configuration.components.append(etcdFlags.component(etcd))
        } else {
            let folder = flags.string("sqlite-data-dir")
            try Files.makeDirectory(folder, mode: 0o700)
            let sqlite = try SQLiteStore(path: "\(folder)/state.db", logger: storeLogger)
            store = sqlite
            embedded = sqlite
        }
        var kubeletClient: ServingFiles?
        if let certificate = flags.text("kubelet-client-certificate"), let key = flags.text("kubelet-client-key") {
            kubeletClient = ServingFiles(certificatePath: certificate, keyPath: key)
        }
        let assembly = try APIServerAssembly(
            configuration, store: store, compactionInterval: flags.duration("etcd-compaction-interval"), serving: serving,
            kubeletClient: kubeletClient, logger: logger)
        try await ServiceRunner.run(services + assembly.services, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    static func configuration(_ flags: FlagValues, logger: Logger) throws -> (APIServerConfiguration, ServingFiles) {
        let ranges = flags.string("service-cluster-ip-range").split(separator: ",").map(String.init)
        let services = try ranges.map { text in
            guard let range = IPRange(text) else { throw FlagProblem("--service-cluster-ip-range \(text) must be a range such as 10.96.0.0/12") }
            return range
        }
        let advertised = try advertiseAddress(flags)
        let names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"]
        let serving =
            try ServingFiles(flags)
            ?? ServingFiles.selfSigned(
                "apiserver", in: flags.string("cert-dir"), dnsNames: names + [HostName.current.lowercased()], addresses: ["127.0.0.1", advertised])
        var configuration = APIServerConfiguration(
            address: flags.string("bind-address"), port: try flags.port("secure-port"), advertiseAddress: advertised,
            serving: try serving.load().withMinimum(flags), clientAuthorities: [],
            kubelets: try kubelets(flags), tokens: try ServiceAccountFlags.tokens(flags),
            services: ServiceNetwork(ranges: services, nodePorts: try nodePorts(flags)))
        try AccessFlags.apply(flags, to: &configuration, logger: logger)
        configuration.limits = try limits(flags)
        configuration.eventTimeToLive = try eventTimeToLive(flags)
        do {
            configuration.served = try ServedVersions(settings: flags.map("runtime-config"))
        } catch {
            throw FlagProblem("--runtime-config: \(error)")
        }
        return (configuration, serving)
    }

    static func eventTimeToLive(_ flags: FlagValues) throws(FlagProblem) -> Duration {
        let duration = flags.duration("event-ttl")
        guard duration >= .zero else { throw FlagProblem("--event-ttl must not be negative; 0 keeps events for ever") }
        return duration
    }

    private static func advertiseAddress(_ flags: FlagValues) throws -> String {
        if let given = flags.text("advertise-address") {
            guard IPLiteral.isValid(given) else { throw FlagProblem("--advertise-address \(given) must be an IP address") }
            return given
        }
        let bound = flags.string("bind-address")
        return bound == "0.0.0.0" || bound == "::" ? try NodeAddress.detect() : bound
    }

    private static func kubelets(_ flags: FlagValues) throws -> BackendTLS? {
        guard let certificate = flags.text("kubelet-client-certificate"), let key = flags.text("kubelet-client-key") else {
            if flags.isGiven("kubelet-client-certificate") != flags.isGiven("kubelet-client-key") {
                throw FlagProblem("--kubelet-client-certificate and --kubelet-client-key must be given together")
            }
            return nil
        }
        return try BackendTLS(
            authorityPEM: try flags.text("kubelet-certificate-authority").map { try ServingFiles.read($0) },
            certificatePEM: try ServingFiles.read(certificate), keyPEM: try ServingFiles.read(key))
    }

    private static func limits(_ flags: FlagValues) throws -> FlowControl.Limits {
        func number(_ name: String) throws -> Int {
            guard let number = Int(exactly: flags.int(name)), number >= 0 else {
                throw FlagProblem("--\(name) \(flags.int(name)) must not be negative")
            }
            return number
        }
        let limits = FlowControl.Limits(
            reading: try number("max-requests-inflight"), writing: try number("max-mutating-requests-inflight"),
            isFair: flags.bool("enable-priority-and-fairness"))
        guard !limits.isFair || limits.reading + limits.writing > 0 else {
            throw FlagProblem("--max-requests-inflight and --max-mutating-requests-inflight must not both be 0 with --enable-priority-and-fairness")
        }
        return limits
    }

    private static func nodePorts(_ flags: FlagValues) throws -> ClosedRange<Int64> {
        let text = flags.string("service-node-port-range")
        let parts = text.split(separator: "-").compactMap { Int64($0) }
        guard parts.count == 2, parts[0] >= 1, parts[0] <= parts[1], parts[1] <= 65535 else {
            throw FlagProblem("--service-node-port-range \(text) must be a range of ports such as 30000-32767")
        }
        return parts[0]...parts[1]
    }
}
