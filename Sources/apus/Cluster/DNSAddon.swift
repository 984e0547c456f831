import CoreV1
import DiscoveryV1
import JSON
import KubernetesAPI
import KubernetesClient

/// The service by which pods reach the DNS server of this process.
struct DNSAddon {
    static let serviceName = "kube-dns"
    static let namespace = "kube-system"

    var client: Client
    var serviceIP: String
    var nodeIP: String
    var port: Int

    /// Creates the service and its one endpoint, or brings the endpoint up to date.
    func ensure() async throws {
        var service = Service()
        service.metadata.name = Self.serviceName
        service.metadata.namespace = Self.namespace
        service.metadata.labels = ["k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"]
        service.spec.clusterIP = serviceIP
        service.spec.ports = [("dns", "UDP"), ("dns-tcp", "TCP")].map { name, transport in
            ServicePort {
                $0.name = name
                $0.protocol = transport
                $0.port = 53
            }
        }
        do {
            _ = try await client.create(service)
        } catch let error as APIStatusError where error.isAlreadyExists {}
        var slice = EndpointSlice()
        slice.metadata.name = Self.serviceName
        slice.metadata.namespace = Self.namespace
        slice.metadata.labels = ["kubernetes.io/service-name": Self.serviceName, "endpointslice.kubernetes.io/managed-by": "apus"]
        slice.addressType = "IPv4"
        slice.ports = [("dns", "UDP"), ("dns-tcp", "TCP")].map { name, transport in
            DiscoveryV1.EndpointPort {
                $0.name = name
                $0.protocol = transport
                $0.port = Int32(port)
            }
        }
        slice.endpoints = [
            Endpoint {
                $0.addresses = [nodeIP]
                $0.conditions = EndpointConditions { $0.ready = true }
            }
        ]
        do {
            _ = try await client.create(slice)
        } catch let error as APIStatusError where error.isAlreadyExists {
            let patch: JSONValue = ["ports": .array(slice.ports.map { $0.tree() }), "endpoints": .array(slice.endpoints.map { $0.tree() })]
            _ = try await client.patch(EndpointSlice.self, Self.serviceName, namespace: Self.namespace, .merge(patch))
        }
    }
}
