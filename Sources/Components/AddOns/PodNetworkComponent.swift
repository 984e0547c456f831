import CoreV1
package import Flags
package import KubernetesClient
package import Linux
package import Logging
import PodNetwork
package import ServiceLifecycle

/// The pod network of a node with its informer. The only way in which one is put together.
package struct PodNetworkAssembly: Sendable {
    package let services: [any ServiceLifecycle.Service]

    package init(
        client: Client, nodeName: String, dataFolder: String, serviceCIDR: String?, clusterCIDR: String? = nil, directRouting: Bool = false,
        ledger: Ledger, logger: Logger
    ) {
        let informers = InformerFactory(client: client, logger: logger)
        // One node alone need not hear of others.
        let nodes = clusterCIDR == nil ? informers.informer(Node.self, fieldSelector: "metadata.name=\(nodeName)") : informers.informer(Node.self)
        let network = PodNetworkService(
            nodes: nodes, nodeName: nodeName, dataFolder: dataFolder, serviceCIDR: serviceCIDR, clusterCIDR: clusterCIDR, ledger: ledger,
            logger: logger)
        var services: [any ServiceLifecycle.Service] = [informers, network]
        if clusterCIDR != nil {
            services.append(PeerRoutes(nodes: nodes, nodeName: nodeName, directRouting: directRouting, ledger: ledger, logger: logger))
        }
        self.services = services
    }
}

/// `pod-network`: gives the pods of a node their network, as a process of its own; runs on every node.
package enum PodNetworkComponent: Component {
    package static let table = FlagTable(
        program: "pod-network", summary: "The pod network of a node: addresses, the bridge and the CNI configuration.",
        text: """
            [Pod network]
              kubeconfig                string  -                    -  kubeconfig by which the API server is reached; inside a pod its service account if not given
              master                    string  -                    -  the API server's URL; wins over the kubeconfig's
              hostname-override         string  -                    -  the node's name, where it is not the machine's host name
              data-dir                  string  /var/lib/pod-network -  the folder of what the network keeps; CNI configuration is written to net.d in its folder cni
              cluster-cidr              string  -                    -  the range of all pods' addresses; with it ways to other nodes' pods are made
              direct-routing            bool    false                -  use no overlay (VXLAN) between nodes that share a link
              service-cluster-ip-range  string  -                    -  the range of service addresses, routed to the bridge on a machine without a default route
            """)

    package static func run(_ flags: FlagValues) async throws {
        let logger = Logger(label: table.program)
        let folder = flags.string("data-dir")
        try Files.makeDirectory(folder)
        let ledger = try Ledger(path: "\(folder)/ledger")
        let client = try ClientMaker.make(flags, logger: logger)
        let assembly = PodNetworkAssembly(
            client: client, nodeName: HostName.node(flags.text("hostname-override")), dataFolder: folder,
            serviceCIDR: flags.text("service-cluster-ip-range"), clusterCIDR: flags.text("cluster-cidr"),
            directRouting: flags.bool("direct-routing"), ledger: ledger, logger: logger)
        try await ServiceRunner.run(assembly.services, logger: logger)
    }
}
