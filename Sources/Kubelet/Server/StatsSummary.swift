import ContainerRuntime
import CoreV1
import JSON
import KubernetesAPI
import Linux

/// The measurements that `/stats/summary` and `/metrics` give: use of CPU and memory by node, pods and containers.
struct StatsSummary: Sendable {
    var services: NodeServices
    var registry: PodRegistry

    func summary() async -> JSONValue {
        let stats = (try? await services.runtime.listContainerStats(nil)) ?? []
        var byPod: [String: [CRIContainerStats]] = [:]
        for item in stats {
            if let uid = item.attributes.labels[RuntimeLabels.podUID] { byPod[uid, default: []].append(item) }
        }
        let pods = registry.all.sorted { $0.pod.key < $1.pod.key }.map { entry in pod(entry, byPod[entry.pod.uid] ?? []) }
        return ["node": node(), "pods": .array(pods)]
    }

    private func node() -> JSONValue {
        let now = time(services.time.now)
        let usage = NodeUsage.measure()
        var result: JSONValue = [
            "nodeName": .string(services.configuration.nodeName),
            "cpu": ["time": now, "usageCoreNanoSeconds": .integer(usage.cpuNanoseconds)],
            "memory": [
                "time": now, "availableBytes": .integer(usage.memoryAvailable), "usageBytes": .integer(usage.memoryUsed),
                "workingSetBytes": .integer(usage.memoryWorkingSet),
            ],
        ]
        if let disk = DiskUse.of(services.configuration.rootDirectory) {
            result["fs"] = [
                "time": now, "availableBytes": .integer(disk.availableBytes), "capacityBytes": .integer(disk.totalBytes),
                "usedBytes": .integer(disk.totalBytes - disk.availableBytes), "inodesFree": .integer(disk.freeInodes),
                "inodes": .integer(disk.totalInodes),
            ]
        }
        return result
    }

    private func pod(_ entry: PodRegistry.Entry, _ stats: [CRIContainerStats]) -> JSONValue {
        var cpu: UInt64 = 0
        var memory: UInt64 = 0
        let containers = stats.map { item -> JSONValue in
            cpu &+= item.cpu.usageCoreNanoSeconds.value
            memory &+= item.memory.workingSetBytes.value
            return [
                "name": .string(item.attributes.metadata.name),
                "cpu": [
                    "time": time(Timestamp(nanoseconds: item.cpu.timestamp)),
                    "usageCoreNanoSeconds": .integer(Int64(clamping: item.cpu.usageCoreNanoSeconds.value)),
                ],
                "memory": [
                    "time": time(Timestamp(nanoseconds: item.memory.timestamp)),
                    "workingSetBytes": .integer(Int64(clamping: item.memory.workingSetBytes.value)),
                ],
            ]
        }
        let now = time(services.time.now)
        return [
            "podRef": ["name": .string(entry.pod.name), "namespace": .string(entry.pod.namespace), "uid": .string(entry.pod.uid)],
            "containers": .array(containers),
            "cpu": ["time": now, "usageCoreNanoSeconds": .integer(Int64(clamping: cpu))],
            "memory": ["time": now, "workingSetBytes": .integer(Int64(clamping: memory))],
        ]
    }

    /// In the text format of Prometheus.
    func metrics() -> String {
        let entries = registry.all
        let running = entries.reduce(0) { $0 + $1.observed.running.count }
        let exited = entries.reduce(0) { $0 + $1.observed.containers.filter { $0.state == .exited }.count }
        return """
            # HELP kubelet_running_pods Number of pods that have a running pod sandbox
            # TYPE kubelet_running_pods gauge
            kubelet_running_pods \(entries.filter { $0.observed.readySandbox != nil }.count)
            # HELP kubelet_running_containers Number of containers by state
            # TYPE kubelet_running_containers gauge
            kubelet_running_containers{container_state="running"} \(running)
            kubelet_running_containers{container_state="exited"} \(exited)
            # HELP kubelet_node_name The node's name. The count is always 1.
            # TYPE kubelet_node_name gauge
            kubelet_node_name{node="\(services.configuration.nodeName)"} 1

            """
    }

    private func time(_ moment: Timestamp) -> JSONValue { .string("\(moment.time)") }
}
