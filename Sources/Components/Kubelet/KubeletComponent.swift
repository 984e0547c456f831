import APIServer
import ContainerRuntime
package import Flags
import Kubelet
import KubernetesClient
import Linux
import Logging
import ServiceLifecycle

/// `kubelet`.
package enum KubeletComponent: Component {
    package static var table: FlagTable { KubeletFlags.table }
    package static var configurationKind: (apiVersion: String, kind: String)? { (KubeletFlags.apiVersion, KubeletFlags.kind) }

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        var configuration = try KubeletSettings(flags).configuration()
        guard let kubeconfig = flags.text("kubeconfig") else {
            throw FlagProblem("--kubeconfig must be given: the kubelet does not run without an API server yet")
        }
        let certificate = ClientCertificate(nodeName: configuration.nodeName, folder: flags.string("cert-dir"), logger: logger)
        if !Files.exists(kubeconfig) {
            guard let bootstrap = flags.text("bootstrap-kubeconfig"), Files.exists(bootstrap) else {
                throw ComponentProblem("--kubeconfig \(kubeconfig): there is no such file; kubeadm init or kubeadm join makes it")
            }
            try await certificate.bootstrap(from: bootstrap, to: kubeconfig)
        }
        tellOfLostAddress(configuration.nodeIPs, logger)
        let client = try ClientMaker.make(flags, logger: logger)
        try Files.makeDirectory(configuration.rootDirectory)
        try Files.makeDirectory(configuration.podLogsDir)
        var serving: ServingFiles?
        if flags.bool("enableServer") {
            let files =
                try ServingFiles(flags)
                ?? ServingFiles.selfSigned(
                    "kubelet", in: flags.string("cert-dir"), dnsNames: [configuration.nodeName], addresses: configuration.nodeIPs)
            let tls = try files.load()
            serving = files
            configuration.tlsCertificate = tls.certificateChain
            configuration.tlsPrivateKey = tls.privateKey
        }
        let asksForServing = flags.bool("enableServer") && flags.bool("rotate-server-certificates") && flags.text("tls-cert-file") == nil
        let runtime = try RuntimeClient(endpoint: configuration.containerRuntimeEndpoint, logger: Logger(label: "container-runtime"))
        let access = try KubeletAccess(flags, node: configuration.nodeName, client: client, logger: logger)
        let kubelet = try Kubelet(
            configuration: configuration, client: client, runtime: runtime, authorizer: access.authorizer, authentication: access.authentication,
            logger: logger)
        var services: [any ServiceLifecycle.Service] = [runtime, kubelet]
        if let serving, let certificate = kubelet.servingCertificate {
            services.append(
                serving.follower(logger: logger) {
                    try certificate.replace(certificate: $0.certificateChain, key: $0.privateKey)
                })
        }
        if let path = flags.text("client-ca-file"), let certificate = kubelet.servingCertificate {
            services.append(
                FileFollower(path, what: "authorities of clients", logger: logger) { try certificate.replace(clientAuthorities: $0) })
        }
        if flags.bool("rotate-certificates"), Files.exists(certificate.path) {
            services.append(ClientCertificateRenewal(certificate: certificate, client: client))
        }
        if asksForServing, let target = kubelet.servingCertificate {
            let addresses = configuration.nodeIPs.isEmpty ? [try NodeAddress.detect()] : configuration.nodeIPs
            services.append(
                ServingCertificateRotation(
                    nodeName: configuration.nodeName, addresses: addresses, folder: flags.string("cert-dir"), client: client, target: target,
                    logger: logger))
        }
        let healthPort = try flags.port("healthz-port")
        if healthPort != 0 {
            let health = HealthHandler()
            services.append(
                try PlainServer(
                    host: flags.string("healthz-bind-address"), port: healthPort, handler: HealthEndpoints(health: health), logger: logger))
        }
        try await ServiceRunner.run(services, logger: logger)
    }

    /// A machine may come back with another address than the one that its cluster knows.
    private static func tellOfLostAddress(_ given: [String], _ logger: Logger) {
        let present = NodeAddress.interfaces().map(\.address)
        for address in given where !address.contains(":") && !present.contains(address) {
            logger.error(
                "no link of this machine has the address of --node-ip; if the machine's address has changed, kubeadm readdress goes on with the new one",
                metadata: ["nodeIP": "\(address)", "addresses": "\(present.joined(separator: " "))"])
        }
    }

    private struct HealthEndpoints: RequestHandler {
        let health: HealthHandler

        func handle(_ request: APIRequest, _ responder: any Responder) { health.handle(request, responder) }
    }
}
