import Glibc
import KubernetesAPI

/// What the machine has and what of it pods may use.
struct NodeResources: Sendable {
    var capacity: [String: Quantity]
    var allocatable: [String: Quantity]

    static func measure(_ machine: MachineInfo, _ configuration: KubeletConfiguration) -> NodeResources {
        var capacity: [String: Quantity] = [
            "cpu": Quantity(Int64(machine.cpuCount)),
            "memory": Quantity(machine.memory, format: .binarySI),
            "pods": Quantity(Int64(configuration.maxPods)),
            "ephemeral-storage": Quantity(DiskUse.of(configuration.rootDirectory)?.totalBytes ?? 0, format: .binarySI),
        ]
        var hugepageBytes: Int64 = 0
        for (size, bytes) in machine.hugepages {
            capacity["hugepages-\(Quantity(size, format: .binarySI))"] = Quantity(bytes, format: .binarySI)
            hugepageBytes += bytes
        }
        return NodeResources(capacity: capacity, allocatable: allocatable(capacity, hugepageBytes, configuration))
    }

    static func allocatable(_ capacity: [String: Quantity], _ hugepageBytes: Int64, _ configuration: KubeletConfiguration) -> [String: Quantity] {
        var result = capacity
        for reserved in [configuration.systemReserved, configuration.kubeReserved] {
            for (name, text) in reserved {
                guard let amount = Quantity(text), let present = result[name] else { continue }
                result[name] = max(Quantity(0), present - amount)
            }
        }
        if let memory = result["memory"] {
            let eviction = Quantity(configuration.evictionHardMemory) ?? Quantity(0)
            result["memory"] = max(Quantity(0), memory - eviction - Quantity(hugepageBytes, format: .binarySI))
        }
        if let storage = capacity["ephemeral-storage"] {
            // The tenth that eviction keeps free.
            result["ephemeral-storage"] = Quantity(storage.value - storage.value / 10)
        }
        return result
    }
}

/// Room on the file system that holds a path.
struct DiskUse: Sendable {
    var totalBytes: Int64
    var availableBytes: Int64
    var totalInodes: Int64
    var freeInodes: Int64

    static func of(_ path: String) -> DiskUse? {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { return nil }
        let block = Int64(clamping: info.f_frsize)
        func bytes(_ blocks: UInt) -> Int64 { Int64(clamping: blocks).multipliedReportingOverflow(by: block).partialValue }
        return DiskUse(
            totalBytes: bytes(info.f_blocks), availableBytes: bytes(info.f_bavail), totalInodes: Int64(clamping: info.f_files),
            freeInodes: Int64(clamping: info.f_ffree))
    }

    /// Upstream's default thresholds of eviction: less than a tenth of the room or a twentieth of the inodes.
    var isUnderPressure: Bool {
        availableBytes < totalBytes / 10 || (totalInodes > 0 && freeInodes < totalInodes / 20)
    }
}
