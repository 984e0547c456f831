import CoreV1
import Logging
import Synchronization

/// The node's pod cgroups: `kubepods`, its quality-of-service children and one per pod.
final class CgroupManager: Sendable {
    let layout: CgroupLayout
    private let files: CgroupFiles
    private let configuration: KubeletConfiguration
    private let logger: Logger
    /// Requests of the burstable pods at present, by uid, in thousandths of a CPU.
    private let burstable = Mutex<[String: Int64]>([:])

    init(configuration: KubeletConfiguration, hierarchies: CgroupHierarchies, logger: Logger) {
        self.configuration = configuration
        self.layout = CgroupLayout(driver: configuration.cgroupDriver, root: configuration.cgroupRoot)
        self.files = CgroupFiles(hierarchies: hierarchies)
        self.logger = logger
    }

    /// Makes `kubepods` and its children. `allocatable` bounds what all pods together may use.
    func prepareNode(allocatableMilliCPU: Int64, allocatableMemory: Int64) throws {
        for qos in [QoS.guaranteed, .burstable, .bestEffort] { try files.create(layout.path(qos: qos, uid: nil)) }
        var values = CgroupValues()
        if configuration.enforceNodeAllocatable.contains("pods") {
            values.cpuShares = ContainerResources.shares(milliCPU: allocatableMilliCPU)
            values.memoryLimit = allocatableMemory
        }
        setOrLog(layout.path(qos: .guaranteed, uid: nil), values)
        setOrLog(layout.path(qos: .bestEffort, uid: nil), CgroupValues(cpuShares: ContainerResources.minimumShares))
        updateBurstable()
    }

    /// Makes the pod's cgroup with its limits and returns what the runtime gets as its parent.
    func preparePod(_ pod: Pod) throws -> String {
        guard configuration.cgroupsPerQOS else { return "" }
        let qos = QoS.classOf(pod)
        let path = layout.path(qos: qos, uid: pod.uid)
        try files.create(path)
        let period = max(1_000, configuration.cpuCFSQuotaPeriod.wholeNanoseconds / 1_000)
        let values = CgroupValues.forPod(
            pod, cpuPeriodMicroseconds: period, enforceCPU: configuration.cpuCFSQuota, pidsLimit: configuration.podPidsLimit)
        try files.set(path, values)
        if qos == .burstable {
            let request = ContainerResources.podTotal(pod, ContainerResources.requestedMilliCPU)
            if burstable.withLock({ $0.updateValue(request, forKey: pod.uid) }) != request { updateBurstable() }
        }
        return layout.runtimeParent(qos: qos, uid: pod.uid)
    }

    /// The parent that `preparePod` returns, without making anything.
    func parent(_ pod: Pod) -> String {
        configuration.cgroupsPerQOS ? layout.runtimeParent(qos: QoS.classOf(pod), uid: pod.uid) : ""
    }

    /// Removes the pod's cgroup in whichever class it is.
    /// - Returns: false when processes in it have not ended yet.
    func removePod(_ uid: String) throws -> Bool {
        var isGone = true
        for qos in [QoS.guaranteed, .burstable, .bestEffort] {
            let path = layout.path(qos: qos, uid: uid)
            if files.exists(path), try !files.remove(path) { isGone = false }
        }
        if burstable.withLock({ $0.removeValue(forKey: uid) }) != nil { updateBurstable() }
        return isGone
    }

    private func updateBurstable() {
        let total = burstable.withLock { $0.values.reduce(Int64(0)) { $0.addingReportingOverflow($1).partialValue } }
        setOrLog(layout.path(qos: .burstable, uid: nil), CgroupValues(cpuShares: ContainerResources.shares(milliCPU: total)))
    }

    private func setOrLog(_ path: String, _ values: CgroupValues) {
        do {
            try files.set(path, values)
        } catch {
            logger.warning("cgroup limits not set", metadata: ["cgroup": "\(path)", "error": "\(error)"])
        }
    }
}
