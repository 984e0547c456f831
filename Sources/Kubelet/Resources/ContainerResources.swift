import CoreV1
import KubernetesAPI

/// Requests and limits as the kernel's numbers, with upstream's arithmetic.
enum ContainerResources {
    static let minimumShares: Int64 = 2
    static let maximumShares: Int64 = 262_144
    static let minimumQuota: Int64 = 1_000

    /// CPU shares of the cgroup v1 scale (1024 = one CPU).
    static func shares(milliCPU: Int64) -> Int64 {
        if milliCPU <= 0 { return minimumShares }
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: 1024)
        if overflow { return maximumShares }
        return min(max(product / 1000, minimumShares), maximumShares)
    }

    /// CPU quota in microseconds per period; -1 stands for no limit.
    static func quota(milliCPU: Int64, periodMicroseconds: Int64) -> Int64 {
        if milliCPU <= 0 { return -1 }
        let (product, overflow) = milliCPU.multipliedReportingOverflow(by: periodMicroseconds)
        if overflow { return -1 }
        return max(product / 1000, minimumQuota)
    }

    /// cgroup v2 weight (1 to 10000) for v1 shares (2 to 262144).
    static func weight(shares: Int64) -> Int64 {
        let clamped = min(max(shares, minimumShares), maximumShares)
        return 1 + (clamped - 2) * 9999 / 262_142
    }

    /// The request, else the limit, in thousandths of a CPU.
    static func requestedMilliCPU(_ container: Container) -> Int64 {
        let resources = container.resources
        return (resources?.requests["cpu"] ?? resources?.limits["cpu"])?.milliValue ?? 0
    }

    static func limitMilliCPU(_ container: Container) -> Int64 {
        container.resources?.limits["cpu"]?.milliValue ?? 0
    }

    static func requestedMemory(_ container: Container) -> Int64 {
        let resources = container.resources
        return (resources?.requests["memory"] ?? resources?.limits["memory"])?.value ?? 0
    }

    static func limitMemory(_ container: Container) -> Int64 {
        container.resources?.limits["memory"]?.value ?? 0
    }

    /// How readily the kernel kills the container's processes when memory runs out: -997 (last) to 1000 (first).
    static func oomScoreAdjust(_ pod: Pod, _ container: Container, memoryCapacity: Int64) -> Int64 {
        if isCritical(pod) { return -997 }
        switch QoS.classOf(pod) {
        case .guaranteed: return -997
        case .bestEffort: return 1000
        case .burstable:
            guard memoryCapacity > 0 else { return 999 }
            let request = Double(requestedMemory(container))
            let score = 1000 - Int64(1000 * min(1, request / Double(memoryCapacity)))
            if score < 3 { return 3 }
            return score == 1000 ? 999 : score
        }
    }

    /// Pods the node itself depends on.
    static func isCritical(_ pod: Pod) -> Bool {
        (pod.spec.priority ?? 0) >= 2_000_000_000
    }

    /// What the pod as a whole asks for: the sum over containers, or what its greediest init step needs, plus overhead.
    static func podTotal(_ pod: Pod, _ amount: (Container) -> Int64) -> Int64 {
        var regular = pod.spec.containers.reduce(into: Int64(0)) { $0 = saturating($0, amount($1)) }
        var sidecars: Int64 = 0
        var peak: Int64 = 0
        for container in pod.spec.initContainers {
            if RestartRules.isSidecar(container) {
                sidecars = saturating(sidecars, amount(container))
                peak = max(peak, sidecars)
            } else {
                peak = max(peak, saturating(sidecars, amount(container)))
            }
        }
        regular = saturating(regular, sidecars)
        return max(regular, peak)
    }

    private static func saturating(_ a: Int64, _ b: Int64) -> Int64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}
