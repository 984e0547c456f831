import ClusterDNS
package import Flags
import Linux
import Logging

/// `cluster-dns`: the DNS server of a cluster, as a process of its own; runs in a pod behind the service `kube-dns`.
package enum ClusterDNSComponent: Component {
    package static let table = FlagTable(
        program: "cluster-dns", summary: "The cluster's DNS server: answers the names of services and pods, and forwards all others.",
        text: """
            [DNS]
              kubeconfig            string    -              -  kubeconfig by which the API server is reached; inside a pod its service account if not given
              master                string    -              -  the API server's URL; wins over the kubeconfig's
              bind-address          ip        0.0.0.0        -  where to listen
              port                  int       53             -  the port, for UDP and TCP
              cluster-domain        string    cluster.local  -  the domain of the cluster's names
              upstream-nameservers  list      -              -  who is asked about all other names; those of /etc/resolv.conf if not given
            """)

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let client = try ClientMaker.make(flags, logger: logger)
        try await ServiceRunner.run([ClusterDNS(client: client, configuration: try configuration(flags), logger: logger)], logger: logger)
    }

    static func configuration(_ flags: FlagValues) throws -> ClusterDNSConfiguration {
        let host = flags.string("bind-address")
        var upstream = flags.list("upstream-nameservers")
        for address in upstream where !IPLiteral.isValid(address) { throw FlagProblem("--upstream-nameservers \(address) must be an IP address") }
        if !flags.isGiven("upstream-nameservers") { upstream = HostResolver.nameservers(except: host) }
        return ClusterDNSConfiguration(
            domain: flags.string("cluster-domain"), host: host, port: try flags.port("port"), upstreamNameservers: upstream)
    }
}
