import ContainerRuntime
import CoreV1
import FoundationEssentials
import JSON
import KubernetesAPI

/// What the runtime is told to make one container.
struct ContainerConfigBuilder {
    var configuration: KubeletConfiguration
    var pod: Pod
    var container: Container
    var kind: ContainerKind
    var restartCount: Int32
    /// The reference that the image resolved to on this node.
    var imageRef: String
    var environment: [(name: String, value: String)]
    var mounts: [CRIMount]
    var securityContext: CRILinuxContainerSecurityContext
    var memoryCapacity: Int64
    /// The lowest `oom_score_adj` the kernel lets us give.
    var oomScoreFloor: Int64

    func build() -> CRIContainerConfig {
        var config = CRIContainerConfig()
        config.metadata.name = container.name
        config.metadata.attempt = UInt32(clamping: restartCount)
        config.image.image = imageRef
        config.image.userSpecifiedImage = container.image ?? ""
        let values = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        config.command = container.command.map { Expansion.expand($0, values) }
        config.args = container.args.map { Expansion.expand($0, values) }
        config.workingDir = container.workingDir ?? ""
        config.envs = environment.map { variable in
            var pair = CRIKeyValue()
            pair.key = variable.name
            pair.value = Data(variable.value.utf8)
            return pair
        }
        config.mounts = mounts
        config.labels = [
            RuntimeLabels.podName: pod.name, RuntimeLabels.podNamespace: pod.namespace, RuntimeLabels.podUID: pod.uid,
            RuntimeLabels.containerName: container.name,
        ]
        config.annotations = annotations()
        config.logPath = LogPaths.relative(container: container.name, restartCount: restartCount)
        config.stdin = container.stdin ?? false
        config.stdinOnce = container.stdinOnce ?? false
        config.tty = container.tty ?? false
        var linux = CRILinuxContainerConfig()
        linux.resources = resources()
        linux.securityContext = securityContext
        config.linux = linux
        return config
    }

    private func annotations() -> [String: String] {
        var result = [
            RuntimeAnnotations.containerHash: ContainerHash.hash(container),
            RuntimeAnnotations.restartCount: String(restartCount),
            RuntimeAnnotations.terminationMessagePath: container.terminationMessagePath ?? "",
            RuntimeAnnotations.terminationMessagePolicy: container.terminationMessagePolicy ?? "File",
        ]
        if let seconds = pod.metadata.deletionGracePeriodSeconds { result[RuntimeAnnotations.podDeletionGracePeriod] = String(seconds) }
        if let seconds = pod.spec.terminationGracePeriodSeconds { result[RuntimeAnnotations.podTerminationGracePeriod] = String(seconds) }
        if let hook = container.lifecycle?.preStop { result[RuntimeAnnotations.preStopHandler] = String(decoding: hook.jsonBytes(), as: UTF8.self) }
        if !container.ports.isEmpty {
            let ports = JSONValue.array(container.ports.map { $0.tree() })
            result[RuntimeAnnotations.ports] = String(decoding: ports.serialized(), as: UTF8.self)
        }
        return result
    }

    func resources() -> CRILinuxContainerResources {
        var result = CRILinuxContainerResources()
        result.cpuShares = ContainerResources.shares(milliCPU: ContainerResources.requestedMilliCPU(container))
        if configuration.cpuCFSQuota {
            let period = max(1_000, configuration.cpuCFSQuotaPeriod.wholeNanoseconds / 1_000)
            let limit = ContainerResources.limitMilliCPU(container)
            if limit > 0 {
                result.cpuQuota = ContainerResources.quota(milliCPU: limit, periodMicroseconds: period)
                result.cpuPeriod = period
            } else {
                result.cpuQuota = -1
                result.cpuPeriod = period
            }
        }
        result.memoryLimitInBytes = ContainerResources.limitMemory(container)
        result.oomScoreAdj = max(
            oomScoreFloor, ContainerResources.oomScoreAdjust(pod, container, memoryCapacity: memoryCapacity))
        for (name, quantity) in (container.resources?.limits ?? [:]).sorted(by: { $0.key < $1.key }) where name.hasPrefix("hugepages-") {
            var limit = CRIHugepageLimit()
            // The kernel names pages by "2MB" where the API says "2Mi".
            limit.pageSize = String(
                name.dropFirst("hugepages-".count).replacing("Ki", with: "KB").replacing("Mi", with: "MB").replacing("Gi", with: "GB"))
            limit.limit = UInt64(clamping: quantity.value)
            result.hugepageLimits.append(limit)
        }
        return result
    }
}
