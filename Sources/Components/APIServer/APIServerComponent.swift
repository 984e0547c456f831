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
        let (configuration, serving) = try Self.configuration(flags, logger: logger)
        let folder = flags.string("sqlite-data-dir")
        try Files.makeDirectory(folder, mode: 0o700)
        let store = try SQLiteStore(path: "\(folder)/state.db", logger: Logger(label: "storage"))
        defer { store.close() }
        var kubeletClient: ServingFiles?
        if let certificate = flags.text("kubelet-client-certificate"), let key = flags.text("kubelet-client-key") {
            kubeletClient = ServingFiles(certificatePath: certificate, keyPath: key)
        }
        let assembly = try APIServerAssembly(configuration, store: store, serving: serving, kubeletClient: kubeletClient, logger: logger)
        try await ServiceRunner.run(assembly.services, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    static func configuration(_ flags: FlagValues, logger: Logger) throws -> (APIServerConfiguration, ServingFiles) {
        guard flags.string("storage-backend") == "sqlite" else {
            throw FlagProblem("--storage-backend \(flags.string("storage-backend")) is not supported: only sqlite, the embedded store, is")
        }
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
            serving: try serving.load().withMinimum(flags), clientAuthorities: try authorities(flags, "client-ca-file"),
            kubelets: try kubelets(flags), tokens: try tokens(flags),
            services: ServiceNetwork(ranges: services, nodePorts: try nodePorts(flags)))
        configuration.authorizationModes = try modes(flags)
        configuration.disabledAdmissionPlugins = try disabledPlugins(flags, logger)
        configuration.authentication.clientAuthoritiesPath = flags.text("client-ca-file")
        configuration.authentication.bootstrapTokens = flags.bool("enable-bootstrap-token-auth")
        configuration.authentication.anonymous = flags.bool("anonymous-auth") ? .everywhere : .nowhere
        return (configuration, serving)
    }

    private static func advertiseAddress(_ flags: FlagValues) throws -> String {
        if let given = flags.text("advertise-address") {
            guard IPLiteral.isValid(given) else { throw FlagProblem("--advertise-address \(given) must be an IP address") }
            return given
        }
        let bound = flags.string("bind-address")
        return bound == "0.0.0.0" || bound == "::" ? try NodeAddress.detect() : bound
    }

    private static func authorities(_ flags: FlagValues, _ name: String) throws -> [PEMCertificate] {
        guard let path = flags.text(name) else { return [] }
        return try PEMCertificate.all(pem: try ServingFiles.read(path), what: path)
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

    private static func tokens(_ flags: FlagValues) throws -> ServiceAccountTokens {
        guard let path = flags.text("service-account-signing-key-file") else {
            throw FlagProblem("--service-account-signing-key-file must be given: without it pods get no identity")
        }
        let key = try KeyPair(pem: try ServingFiles.read(path), what: path)
        let own = try TokenVerificationKey(key)
        var older: [TokenVerificationKey] = []
        for file in flags.string("service-account-key-file").split(separator: ",").map(String.init) {
            let pem = try ServingFiles.read(file)
            let isPrivate = String(decoding: pem, as: UTF8.self).contains("PRIVATE KEY")
            let found = isPrivate ? try TokenVerificationKey(try KeyPair(pem: pem, what: file)) : try TokenVerificationKey(pem: pem, what: file)
            if found.id != own.id { older.append(found) }
        }
        let audiences = flags.list("api-audiences")
        return try ServiceAccountTokens(
            key: key, olderKeys: older, issuer: flags.string("service-account-issuer"), audiences: audiences.isEmpty ? nil : audiences)
    }

    private static func nodePorts(_ flags: FlagValues) throws -> ClosedRange<Int64> {
        let text = flags.string("service-node-port-range")
        let parts = text.split(separator: "-").compactMap { Int64($0) }
        guard parts.count == 2, parts[0] >= 1, parts[0] <= parts[1], parts[1] <= 65535 else {
            throw FlagProblem("--service-node-port-range \(text) must be a range of ports such as 30000-32767")
        }
        return parts[0]...parts[1]
    }

    private static func modes(_ flags: FlagValues) throws -> Set<AuthorizationMode> {
        var modes: Set<AuthorizationMode> = []
        for name in flags.list("authorization-mode") {
            guard let mode = AuthorizationMode(rawValue: name) else {
                throw FlagProblem("--authorization-mode \(name) is not supported: use Node and RBAC")
            }
            modes.insert(mode)
        }
        guard !modes.isEmpty else { throw FlagProblem("--authorization-mode must name at least one mode: Node, RBAC") }
        return modes
    }

    private static func disabledPlugins(_ flags: FlagValues, _ logger: Logger) throws -> Set<String> {
        let known = AdmissionChain.standard.names.union(["NodeRestriction"])
        for name in flags.list("enable-admission-plugins") where !known.contains(name) {
            throw FlagProblem("--enable-admission-plugins: there is no plugin \(name); there are \(known.sorted().joined(separator: ", "))")
        }
        let disabled = Set(flags.list("disable-admission-plugins"))
        for name in disabled where !known.contains(name) {
            logger.info("--disable-admission-plugins: there is no plugin \(name), so it does not run anyway")
        }
        // As upstream, this one runs only where it is asked for.
        return flags.list("enable-admission-plugins").contains("NodeRestriction") ? disabled : disabled.union(["NodeRestriction"])
    }
}
