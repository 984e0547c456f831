import CoreV1
import KubernetesAPI

/// The limits of one cgroup; nil leaves the kernel's value.
struct CgroupValues: Sendable, Equatable {
    /// On the v1 scale.
    var cpuShares: Int64?
    /// Microseconds per period; -1 for no limit.
    var cpuQuota: Int64?
    var cpuPeriod: Int64?
    /// Bytes; -1 for no limit.
    var memoryLimit: Int64?
    var pidsLimit: Int64?

    /// The values of a pod's cgroup: the sum of what its containers ask for, and limits only where every container has one.
    static func forPod(_ pod: Pod, cpuPeriodMicroseconds period: Int64, enforceCPU: Bool, pidsLimit: Int64) -> CgroupValues {
        var values = CgroupValues()
        if pidsLimit > 0 { values.pidsLimit = pidsLimit }
        let overhead = pod.spec.overhead
        func total(_ name: String, _ amount: (Container) -> Int64, _ extra: Int64) -> Int64 {
            ContainerResources.podTotal(pod, amount).addingReportingOverflow(extra).partialValue
        }
        let requested = total("cpu", ContainerResources.requestedMilliCPU, overhead["cpu"]?.milliValue ?? 0)
        let containers = pod.spec.initContainers + pod.spec.containers
        let cpuLimited = containers.allSatisfy { ContainerResources.limitMilliCPU($0) > 0 }
        let memoryLimited = containers.allSatisfy { ContainerResources.limitMemory($0) > 0 }
        switch QoS.classOf(pod) {
        case .bestEffort:
            values.cpuShares = ContainerResources.minimumShares
        case .guaranteed, .burstable:
            values.cpuShares = ContainerResources.shares(milliCPU: requested)
            if cpuLimited && enforceCPU {
                let limit = total("cpu", ContainerResources.limitMilliCPU, overhead["cpu"]?.milliValue ?? 0)
                values.cpuQuota = ContainerResources.quota(milliCPU: limit, periodMicroseconds: period)
                values.cpuPeriod = period
            }
            if memoryLimited {
                values.memoryLimit = total("memory", ContainerResources.limitMemory, overhead["memory"]?.value ?? 0)
            }
        }
        return values
    }
}
