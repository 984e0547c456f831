import Flags
import JSON
import KubernetesAPI

extension KubeletConfiguration {
    /// The settings as `/configz` shows them: under the names of upstream's `KubeletConfiguration`, as far as they have an effect here. Neither keys nor
    /// certificates are among them.
    var document: JSONValue {
        func text(_ duration: Duration) -> JSONValue { .string(GoDuration.text(duration)) }
        func number(_ value: some BinaryInteger) -> JSONValue { .integer(Int64(clamping: value)) }
        func map(_ values: [String: String]) -> JSONValue {
            .object(JSONObject(uniqueEntries: values.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue.string($0.value)) }))
        }
        var document: JSONValue = [
            "address": .string(address), "port": number(port), "enableServer": .bool(!tlsCertificate.isEmpty),
            "tlsMinVersion": .string(requiresTLS13 ? "VersionTLS13" : "VersionTLS12"), "enableSystemLogHandler": .bool(enableSystemLogHandler),
            "registerNode": .bool(registerNode), "podLogsDir": .string(podLogsDir), "containerRuntimeEndpoint": .string(containerRuntimeEndpoint),
            "syncFrequency": text(syncFrequency), "fileCheckFrequency": text(fileCheckFrequency),
            "nodeStatusUpdateFrequency": text(nodeStatusUpdateFrequency), "nodeStatusReportFrequency": text(nodeStatusReportFrequency),
            "nodeLeaseDurationSeconds": number(nodeLeaseDurationSeconds), "nodeStatusMaxImages": number(nodeStatusMaxImages),
            "runtimeRequestTimeout": text(runtimeRequestTimeout), "streamingConnectionIdleTimeout": text(streamingConnectionIdleTimeout),
            "maxPods": number(maxPods), "podPidsLimit": number(podPidsLimit), "clusterDomain": .string(clusterDomain),
            "resolvConf": .string(resolvConf), "seccompDefault": .bool(seccompDefault), "registryPullQPS": number(registryPullQPS),
            "serializeImagePulls": .bool(serializeImagePulls), "containerLogMaxSize": .string("\(containerLogMaxSize)"),
            "containerLogMaxFiles": number(containerLogMaxFiles), "cgroupDriver": .string(cgroupDriver), "cgroupRoot": .string(cgroupRoot),
            "cgroupsPerQOS": .bool(cgroupsPerQOS), "cpuCFSQuota": .bool(cpuCFSQuota), "cpuCFSQuotaPeriod": text(cpuCFSQuotaPeriod),
            "failSwapOn": .bool(failSwapOn), "evictionHard": ["memory.available": .string(evictionHardMemory)],
            "enforceNodeAllocatable": .array(enforceNodeAllocatable.map { .string($0) }),
        ]
        if !providerID.isEmpty { document["providerID"] = .string(providerID) }
        if !staticPodPath.isEmpty { document["staticPodPath"] = .string(staticPodPath) }
        if !clusterDNS.isEmpty { document["clusterDNS"] = .array(clusterDNS.map { .string($0) }) }
        if !systemReserved.isEmpty { document["systemReserved"] = map(systemReserved) }
        if !kubeReserved.isEmpty { document["kubeReserved"] = map(kubeReserved) }
        return document
    }
}
