import CoreV1
import KubernetesAPI

/// What objects take of a quota, by the quota's names.
enum ResourceUsage {
    static func of(_ pod: Pod) -> [String: Quantity] {
        var usage: [String: Quantity] = ["pods": Quantity(1)]
        for (name, amount) in sum(pod.spec, \.requests) {
            usage["requests.\(name)"] = amount
            if ["cpu", "memory", "ephemeral-storage"].contains(name) || name.hasPrefix("hugepages-") { usage[name] = amount }
        }
        for (name, amount) in sum(pod.spec, \.limits) { usage["limits.\(name)"] = amount }
        return usage
    }

    static func of(_ service: Service) -> [String: Quantity] {
        var usage: [String: Quantity] = ["services": Quantity(1)]
        let ports = Int64(service.spec.ports.count)
        switch service.spec.type {
        case "NodePort":
            usage["services.nodeports"] = Quantity(ports)
        case "LoadBalancer":
            usage["services.loadbalancers"] = Quantity(1)
            // Without node ports of their own, only the ports that are asked for by number count.
            let isFree = service.spec.allocateLoadBalancerNodePorts == false
            usage["services.nodeports"] = Quantity(isFree ? Int64(service.spec.ports.count { $0.nodePort ?? 0 != 0 }) : ports)
        default: break
        }
        return usage
    }

    static func of(_ claim: PersistentVolumeClaim) -> [String: Quantity] {
        let storage = claim.spec.resources?.requests["storage"] ?? Quantity()
        var usage = ["persistentvolumeclaims": Quantity(1), "requests.storage": storage]
        if let name = claim.spec.storageClassName, !name.isEmpty {
            usage["\(name).storageclass.storage.k8s.io/requests.storage"] = storage
            usage["\(name).storageclass.storage.k8s.io/persistentvolumeclaims"] = Quantity(1)
        }
        return usage
    }

    /// Containers and sidecars together, or what starting takes where that is more; the pod's own figures before the sum; the overhead.
    private static func sum(_ spec: PodSpec, _ part: (ResourceRequirements) -> [String: Quantity]) -> [String: Quantity] {
        func amounts(_ container: Container) -> [String: Quantity] { container.resources.map(part) ?? [:] }
        func raise(_ sums: inout [String: Quantity], to other: [String: Quantity]) { sums.merge(other) { $0 < $1 ? $1 : $0 } }
        var running: [String: Quantity] = [:]
        for container in spec.containers { running.merge(amounts(container), uniquingKeysWith: +) }
        var sidecars: [String: Quantity] = [:]
        var starting: [String: Quantity] = [:]
        for container in spec.initContainers {
            let own = amounts(container)
            if container.restartPolicy == "Always" {
                running.merge(own, uniquingKeysWith: +)
                sidecars.merge(own, uniquingKeysWith: +)
                raise(&starting, to: sidecars)
            } else {
                raise(&starting, to: sidecars.merging(own, uniquingKeysWith: +))
            }
        }
        raise(&running, to: starting)
        if let own = spec.resources.map(part) { running.merge(own) { $1 } }
        running.merge(spec.overhead) { $0 + $1 }
        return running
    }
}

extension ResourceQuotaSpec {
    /// Whether a pod is one of those that the quota counts.
    func covers(_ pod: Pod) -> Bool {
        scopes.allSatisfy { Self.has(pod, $0) } && (scopeSelector?.matchExpressions ?? []).allSatisfy { Self.matches(pod, $0) }
    }

    var coversAll: Bool { scopes.isEmpty && (scopeSelector?.matchExpressions ?? []).isEmpty }

    private static func has(_ pod: Pod, _ scope: String) -> Bool {
        switch scope {
        case "BestEffort": pod.status.qosClass == "BestEffort"
        case "NotBestEffort": pod.status.qosClass != "BestEffort"
        case "Terminating": pod.spec.activeDeadlineSeconds != nil
        case "NotTerminating": pod.spec.activeDeadlineSeconds == nil
        case "PriorityClass": pod.spec.priorityClassName?.isEmpty == false
        case "CrossNamespacePodAffinity": pod.reachesOtherNamespaces
        default: false
        }
    }

    private static func matches(_ pod: Pod, _ requirement: ScopedResourceSelectorRequirement) -> Bool {
        guard requirement.scopeName == "PriorityClass" else { return has(pod, requirement.scopeName) }
        let name = pod.spec.priorityClassName ?? ""
        switch requirement.operator {
        case "In": return requirement.values.contains(name)
        case "NotIn": return !requirement.values.contains(name)
        case "Exists": return !name.isEmpty
        case "DoesNotExist": return name.isEmpty
        default: return false
        }
    }
}

extension Pod {
    /// Whether a term of its affinity looks at pods of other namespaces.
    fileprivate var reachesOtherNamespaces: Bool {
        var terms: [PodAffinityTerm] = []
        if let affinity = spec.affinity?.podAffinity {
            terms += affinity.requiredDuringSchedulingIgnoredDuringExecution
            terms += affinity.preferredDuringSchedulingIgnoredDuringExecution.compactMap(\.podAffinityTerm)
        }
        if let affinity = spec.affinity?.podAntiAffinity {
            terms += affinity.requiredDuringSchedulingIgnoredDuringExecution
            terms += affinity.preferredDuringSchedulingIgnoredDuringExecution.compactMap(\.podAffinityTerm)
        }
        return terms.contains { !$0.namespaces.isEmpty || $0.namespaceSelector != nil }
    }
}
