import CoreV1
import KubernetesAPI

/// The node's own last check of a pod that was bound to it. A refused pod fails for good.
struct PodAdmission {
    var node: Node

    /// - Parameter others: the node's pods that are not over.
    /// - Returns: why the pod cannot run here, with upstream's reasons; nil when it can.
    func check(_ pod: Pod, beside others: [Pod]) -> PodFailure? {
        // Pods the node itself depends on are never refused for want of room by this check.
        if let shortage = resources(pod, others) { return shortage }
        if !NodeSelection.matches(pod, node) {
            return rejected("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")
        }
        if !tolerates(pod) {
            return rejected("NodeTaints", "Predicate NodeTaints failed: node(s) had taints with effect NoExecute that the pod doesn't tolerate")
        }
        if portsClash(pod, others) {
            return rejected("NodePorts", "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports")
        }
        return nil
    }

    private func rejected(_ reason: String, _ message: String) -> PodFailure {
        PodFailure(reason: reason, message: "Pod was rejected: \(message)")
    }

    private func resources(_ pod: Pod, _ others: [Pod]) -> PodFailure? {
        let allocatable = node.status.allocatable
        if let pods = allocatable["pods"]?.value, others.count + 1 > pods {
            return shortage("pods", requested: 1, used: Int64(others.count), capacity: pods)
        }
        for name in ["cpu", "memory", "ephemeral-storage"] {
            guard let capacity = allocatable[name] else { continue }
            let requested = PodAdmission.request(pod, name)
            if requested == 0 { continue }
            let used = others.reduce(Int64(0)) { $0.addingReportingOverflow(PodAdmission.request($1, name)).partialValue }
            let limit = name == "cpu" ? capacity.milliValue : capacity.value
            if used > limit - requested { return shortage(name, requested: requested, used: used, capacity: limit) }
        }
        return nil
    }

    private func shortage(_ name: String, requested: Int64, used: Int64, capacity: Int64) -> PodFailure {
        rejected(
            "OutOf\(name)", "Node didn't have enough resource: \(name), requested: \(requested), used: \(used), capacity: \(capacity)")
    }

    /// In thousandths for cpu, whole units for the rest.
    static func request(_ pod: Pod, _ name: String) -> Int64 {
        func amount(_ quantity: Quantity?) -> Int64 { (name == "cpu" ? quantity?.milliValue : quantity?.value) ?? 0 }
        let total = ContainerResources.podTotal(pod) { amount($0.resources?.requests[name]) }
        return total.addingReportingOverflow(amount(pod.spec.overhead[name])).partialValue
    }

    /// Only what would throw the pod out again at once counts.
    private func tolerates(_ pod: Pod) -> Bool {
        node.spec.taints.filter { $0.effect == "NoExecute" }.allSatisfy { taint in
            pod.spec.tolerations.contains { toleration in
                let effect = toleration.effect ?? ""
                guard effect.isEmpty || effect == taint.effect else { return false }
                let key = toleration.key ?? ""
                if key.isEmpty { return toleration.operator == "Exists" }
                guard key == taint.key else { return false }
                return toleration.operator == "Exists" || (toleration.value ?? "") == (taint.value ?? "")
            }
        }
    }

    private func portsClash(_ pod: Pod, _ others: [Pod]) -> Bool {
        let mine = PodAdmission.hostPorts(pod)
        if mine.isEmpty { return false }
        let theirs = others.flatMap(PodAdmission.hostPorts)
        return mine.contains { port in
            theirs.contains { other in
                port.number == other.number && port.transport == other.transport
                    && (port.address == other.address || port.address == "0.0.0.0" || other.address == "0.0.0.0")
            }
        }
    }

    private static func hostPorts(_ pod: Pod) -> [(number: Int32, transport: String, address: String)] {
        pod.spec.allPorts.compactMap { port in
            guard let number = port.hostPort, number > 0 else { return nil }
            let address = port.hostIP.flatMap { $0.isEmpty ? nil : $0 } ?? "0.0.0.0"
            return (number, port.protocol ?? "TCP", address)
        }
    }
}

/// Whether a pod's node selector and required node affinity let it run on a node.
enum NodeSelection {
    static func matches(_ pod: Pod, _ node: Node) -> Bool {
        let labels = node.metadata.labels
        guard pod.spec.nodeSelector.allSatisfy({ labels[$0.key] == $0.value }) else { return false }
        guard let required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return required.nodeSelectorTerms.contains { term in
            if term.matchExpressions.isEmpty && term.matchFields.isEmpty { return false }
            return term.matchExpressions.allSatisfy { holds($0, labels[$0.key]) }
                && term.matchFields.allSatisfy { $0.key == "metadata.name" && holds($0, node.metadata.name) }
        }
    }

    private static func holds(_ requirement: NodeSelectorRequirement, _ value: String?) -> Bool {
        switch requirement.operator {
        case "In": return value.map(requirement.values.contains) ?? false
        case "NotIn": return !(value.map(requirement.values.contains) ?? false)
        case "Exists": return value != nil
        case "DoesNotExist": return value == nil
        case "Gt", "Lt":
            guard let number = value.flatMap({ Int64($0) }), let bound = requirement.values.first.flatMap({ Int64($0) }) else { return false }
            return requirement.operator == "Gt" ? number > bound : number < bound
        default: return false
        }
    }
}
