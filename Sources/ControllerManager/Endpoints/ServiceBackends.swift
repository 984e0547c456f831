import CoreV1
import KubernetesAPI

/// One pod behind a service, as endpoints see it.
struct Backend {
    var pod: Pod
    var isReady: Bool
    var isServing: Bool
    var isTerminating: Bool

    /// The pods of `service` that have an address and have not ended, in a stable order.
    static func all(of service: Service, among pods: [Pod]) -> [Backend] {
        let selector = service.spec.selector
        let publishesNotReady = service.spec.publishNotReadyAddresses == true
        return pods.filter { pod in
            !pod.hasEnded && pod.status.podIP?.isEmpty == false && selector.allSatisfy { pod.metadata.labels[$0.key] == $0.value }
        }.map { pod in
            let isTerminating = pod.metadata.deletionTimestamp != nil
            return Backend(
                pod: pod, isReady: publishesNotReady || pod.isReady && !isTerminating, isServing: publishesNotReady || pod.isReady,
                isTerminating: isTerminating)
        }.sorted { ($0.pod.metadata.name ?? "") < ($1.pod.metadata.name ?? "") }
    }

    /// The pod's address of a family (`IPv4` or `IPv6`).
    func address(_ family: String) -> String? {
        let addresses = pod.status.podIPs.map(\.ip) + [pod.status.podIP ?? ""]
        return addresses.first { !$0.isEmpty && $0.contains(":") == (family == "IPv6") }
    }

    /// The pod's hostname where its names in DNS bear it.
    func hostname(in service: Service) -> String? {
        guard let hostname = pod.spec.hostname, !hostname.isEmpty, pod.spec.subdomain == service.metadata.name else { return nil }
        return hostname
    }

    /// The number that a service port's target has on this pod; nil when a named port is missing.
    func port(for port: ServicePort) -> Int32? {
        switch port.targetPort {
        case nil: return port.port
        case .int(let number)?: return number == 0 ? port.port : number
        case .string(let name)?:
            let containers = pod.spec.initContainers.filter { $0.restartPolicy == "Always" } + pod.spec.containers
            for container in containers {
                for candidate in container.ports where candidate.name == name && candidate.protocol ?? "TCP" == port.protocol ?? "TCP" {
                    return candidate.containerPort
                }
            }
            return nil
        }
    }

    var reference: ObjectReference {
        var reference = ObjectReference()
        reference.kind = Pod.resource.kind
        reference.namespace = pod.metadata.namespace
        reference.name = pod.metadata.name
        reference.uid = pod.metadata.uid
        return reference
    }
}
