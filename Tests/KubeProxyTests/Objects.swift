import CoreV1
import DiscoveryV1
import KubernetesAPI

/// Services and slices in few words.
enum Make {
    static func service(_ name: String, ip: String = "10.96.0.10", port: Int32 = 80, _ fill: (inout Service) -> Void = { _ in }) -> Service {
        var service = Service {
            $0.metadata.namespace = "default"
            $0.metadata.name = name
            $0.spec.clusterIP = ip
            $0.spec.clusterIPs = [ip]
            $0.spec.ports = [
                ServicePort {
                    $0.`protocol` = "TCP"
                    $0.port = port
                }
            ]
        }
        fill(&service)
        return service
    }

    /// One address per endpoint; each may be changed by its closure.
    static func slice(
        _ service: String, _ addresses: [String], port: Int32 = 8080, proto: String = "TCP", node: String = "n1",
        _ fill: (inout EndpointSlice) -> Void = { _ in }
    ) -> EndpointSlice {
        var slice = EndpointSlice {
            $0.metadata.namespace = "default"
            $0.metadata.name = "\(service)-x"
            $0.metadata.labels = ["kubernetes.io/service-name": service]
            $0.addressType = "IPv4"
            $0.ports = [
                EndpointPort {
                    $0.`protocol` = proto
                    $0.port = port
                }
            ]
            $0.endpoints = addresses.map { address in
                Endpoint {
                    $0.addresses = [address]
                    $0.nodeName = node
                    $0.conditions = EndpointConditions {
                        $0.ready = true
                        $0.serving = true
                        $0.terminating = false
                    }
                }
            }
        }
        fill(&slice)
        return slice
    }
}
