import APIServer
package import ControllerManager
package import Flags
package import KubernetesClient
package import Logging
import PKI
package import ServiceLifecycle

/// The controllers of a cluster, put together. The only way in which this is done.
package struct ControllerManagerAssembly: Sendable {
    /// Makes who lets the controllers run only while it leads.
    package typealias Elector = @Sendable (_ lead: @escaping @Sendable () async throws -> Void) -> LeaderElector

    package let services: [any ServiceLifecycle.Service]

    /// - Parameters:
    ///   - informers: shared with others, and run by the caller; nil: its own.
    ///   - clientOfAccount: the client of a controller's service account; nil: all controllers work as `client` does.
    ///   - elector: wraps the controllers so that they run only while leading; nil: always.
    package init(
        client: Client, informers: InformerFactory? = nil, configuration: ControllerManagerConfiguration,
        clientOfAccount: (@Sendable (_ serviceAccount: String) -> Client)? = nil, logger: Logger, elector: Elector? = nil
    ) {
        let manager = ControllerManager(
            client: client, informers: informers, configuration: configuration, clientOfAccount: clientOfAccount, logger: logger)
        if let elector {
            services = [elector { try await manager.run() }]
        } else {
            services = [manager]
        }
    }
}

/// `kube-controller-manager`.
package enum ControllerManagerComponent: Component {
    package static var table: FlagTable { ControllerManagerFlags.table }

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let configuration = try configuration(flags)
        let election = try LeaderElectionFlags(flags)
        let connection = try ClientMaker.connection(flags)
        let client = try ClientMaker.make(connection, program: table.program, logger: logger)
        var accounts: ServiceAccountClients?
        if flags.bool("use-service-account-credentials") {
            accounts = ServiceAccountClients(manager: client, bare: try HTTPSTransport(connection.withoutCredentials, logger: logger))
        }
        var elector: ControllerManagerAssembly.Elector?
        if let election {
            elector = { lead in
                LeaderElector(
                    client: client, namespace: election.namespace, name: election.name, identity: election.identity, timing: election.timing,
                    logger: logger, lead: lead)
            }
        }
        let assembly = ControllerManagerAssembly(
            client: client, configuration: configuration, clientOfAccount: accounts?.client, logger: logger, elector: elector)
        var services: [any ServiceLifecycle.Service] = []
        if let server = try ComponentServer(flags, health: HealthHandler(), logger: logger, settings: Array("{}".utf8)) { services.append(server) }
        try await ServiceRunner.run(services + assembly.services, logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag, or what is wrong with a file.
    static func configuration(_ flags: FlagValues) throws -> ControllerManagerConfiguration {
        var ranges: PodRanges?
        if flags.bool("allocate-node-cidrs") {
            guard let cidr = flags.text("cluster-cidr") else { throw FlagProblem("--allocate-node-cidrs needs --cluster-cidr") }
            let given = [flags.int("node-cidr-mask-size-ipv4"), flags.int("node-cidr-mask-size")].first { $0 != 0 }
            let mask: Int64 = given ?? 24
            ranges = Int(exactly: mask).flatMap { PodRanges(clusterCIDR: cidr, nodePrefix: $0) }
            guard ranges != nil else {
                throw FlagProblem("--cluster-cidr \(cidr) must be an IPv4 range that has room for ranges with prefix \(mask), such as 10.244.0.0/16")
            }
        }
        let rootCA = try flags.text("root-ca-file").map { String(decoding: try ServingFiles.read($0), as: UTF8.self) } ?? ""
        var configuration = ControllerManagerConfiguration(podRanges: ranges, rootCA: rootCA)
        configuration.terminatedPodGCThreshold = Int(clamping: flags.int("terminated-pod-gc-threshold"))
        configuration.selection = try selection(flags)
        configuration.nodeMonitorGracePeriod = flags.duration("node-monitor-grace-period")
        guard configuration.nodeMonitorGracePeriod > .zero else { throw FlagProblem("--node-monitor-grace-period must be more than 0, such as 50s") }
        configuration.signing = try signing(flags)
        if let path = flags.text("service-account-private-key-file") {
            // Tokens in secrets name no issuer of ours.
            configuration.serviceAccountTokens = try ServiceAccountTokens(
                key: try KeyPair(pem: try ServingFiles.read(path), what: path), issuer: "kubernetes/serviceaccount")
        }
        configuration.autoscaler = try autoscaler(flags)
        try features(flags, &configuration)
        return configuration
    }

    private static func selection(_ flags: FlagValues) throws(FlagProblem) -> ControllerSelection {
        var selection = try ControllerSelection(flags.list("controllers"))
        switch flags.text("cloud-provider") {
        case nil: break
        case "external":
            if !selection.included.contains(ControllerSelection.loadBalancers) { selection.excluded.insert(ControllerSelection.loadBalancers) }
        case let other?: throw FlagProblem("--cloud-provider \(other) must be external: clouds are looked after by components of their own")
        }
        return selection
    }

    private static func autoscaler(_ flags: FlagValues) throws(FlagProblem) -> AutoscalerSettings {
        let prefix = "horizontal-pod-autoscaler-"
        var settings = AutoscalerSettings()
        settings.syncPeriod = flags.duration(prefix + "sync-period")
        settings.downscaleStabilizationSeconds = flags.duration(prefix + "downscale-stabilization").components.seconds
        settings.cpuInitializationSeconds = flags.duration(prefix + "cpu-initialization-period").components.seconds
        settings.initialReadinessDelaySeconds = flags.duration(prefix + "initial-readiness-delay").components.seconds
        settings.tolerance = flags.float(prefix + "tolerance")
        guard settings.syncPeriod > .zero else { throw FlagProblem("--\(prefix)sync-period must be longer than nothing") }
        guard settings.tolerance >= 0 else { throw FlagProblem("--\(prefix)tolerance must not be negative") }
        return settings
    }

    private static let tokenSecrets = "LegacyServiceAccountTokenNoAutoGeneration"

    private static func features(_ flags: FlagValues, _ configuration: inout ControllerManagerConfiguration) throws(FlagProblem) {
        configuration.cleansPodCertificateRequests = try feature("PodCertificateRequest", flags) ?? false
        configuration.makesTokenSecrets = try feature(tokenSecrets, flags) == false
        if configuration.makesTokenSecrets, configuration.serviceAccountTokens == nil {
            throw FlagProblem("--feature-gates: \(tokenSecrets)=false needs --service-account-private-key-file, with which the tokens are signed")
        }
    }

    /// Nil when nothing is said of the feature.
    private static func feature(_ name: String, _ flags: FlagValues) throws(FlagProblem) -> Bool? {
        guard let text = flags.map("feature-gates")[name] else { return nil }
        guard let value = try? FlagKind.bool.value(text) else { throw FlagProblem("--feature-gates: \(name) must be true or false") }
        return value == .bool(true)
    }

    private static func signing(_ flags: FlagValues) throws -> ClusterSigning? {
        guard let certificate = flags.text("cluster-signing-cert-file"), let key = flags.text("cluster-signing-key-file") else {
            if flags.isGiven("cluster-signing-cert-file") != flags.isGiven("cluster-signing-key-file") {
                throw FlagProblem("--cluster-signing-cert-file and --cluster-signing-key-file must be given together")
            }
            return nil
        }
        let authority = try CertificateAuthority(
            certificate: PEMCertificate(pem: try ServingFiles.read(certificate), what: certificate),
            key: KeyPair(pem: try ServingFiles.read(key), what: key), path: certificate)
        return ClusterSigning(authority: authority, secondsMax: flags.duration("cluster-signing-duration").components.seconds)
    }
}
