package import Flags
import KubernetesClient
import Linux
import Logging
import PKI

/// `kube-certificate-keeper`: renews the certificates and kubeconfigs of a control plane that kubeadm has set up; runs beside it.
package enum CertificateKeeperComponent: Component {
    package static let table = FlagTable(
        program: "kube-certificate-keeper",
        summary: "Renews the certificates and kubeconfigs of a control plane, and tells of those that it cannot renew thirty days ahead.",
        text: """
            [Certificates]
              cert-dir                    string   /etc/kubernetes/pki -  the folder of certificates
              kubeconfig-dir              string   /etc/kubernetes     -  the folder of kubeconfigs
              certificate-validity-period duration 8760h0m0s           -  how long certificates count that are made anew
              kubeconfig                  string   -                   -  kubeconfig by which events are written; there are none if not given
              node-name                   string   -                   -  the node that events are about; the machine's host name if not given
            """)

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let name = HostName.node(flags.text("node-name"))
        var tell: @Sendable (CertificateKeeper.News) -> Void = { _ in }
        do {
            if let client = try ClientMaker.make(kubeconfig: flags.text("kubeconfig"), program: table.program, logger: logger) {
                tell = CertificateKeeper.events(EventRecorder(client: client, component: table.program, host: name, logger: logger), node: name)
            }
        } catch {
            // Certificates matter more than events.
            logger.error("there will be no events", metadata: ["error": "\(error)"])
        }
        let keeper = CertificateKeeper(try certificates(flags), tell: tell, logger: logger)
        try await ServiceRunner.run([keeper], logger: logger)
    }

    /// - Throws: `FlagProblem` naming the flag.
    static func certificates(_ flags: FlagValues) throws(FlagProblem) -> ControlPlaneCertificates {
        let validity = flags.duration("certificate-validity-period")
        guard validity > .zero else { throw FlagProblem("--certificate-validity-period must be more than 0, such as 8760h") }
        return ControlPlaneCertificates(folder: flags.string("kubeconfig-dir"), certificates: flags.string("cert-dir"), validity: validity)
    }
}

extension CertificateKeeper {
    /// For those of a control plane.
    init(_ certificates: ControlPlaneCertificates, tell: @escaping @Sendable (News) -> Void, time: TimeSource = .system, logger: Logger) {
        self.init(entries: { try certificates.entries() }, renew: { try certificates.renewDue(now: $0) }, tell: tell, time: time, logger: logger)
    }
}
