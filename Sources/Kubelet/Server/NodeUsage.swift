import Linux

/// What the whole machine uses of CPU and memory.
struct NodeUsage: Sendable {
    /// User, nice and system time of all CPUs since the machine's start.
    var cpuNanoseconds: Int64
    /// Bytes in use, what the kernel could give back included.
    var memoryUsed: Int64
    /// Bytes in use that the kernel could not give back at once.
    var memoryWorkingSet: Int64
    var memoryAvailable: Int64

    static func measure() -> NodeUsage {
        NodeUsage(stat: (try? Files.readText("/proc/stat")) ?? "", meminfo: (try? Files.readText("/proc/meminfo")) ?? "")
    }

    /// - Parameters: the text of the kernel's files of these names.
    init(stat: String, meminfo: String) {
        let ticks = (stat.split(separator: "\n").first ?? "").split(separator: " ").dropFirst().prefix(3).compactMap { Int64($0) }
        // The kernel counts in hundredths of a second, whatever its own clock does.
        cpuNanoseconds =
            ticks.reduce(Int64(0)) { $0.addingReportingOverflow($1).partialValue }.multipliedReportingOverflow(by: 10_000_000).partialValue
        let info = MachineInfo.keyValues(meminfo)
        func bytes(_ key: String) -> Int64 {
            (info[key]?.split(separator: " ").first.flatMap { Int64($0) } ?? 0).multipliedReportingOverflow(by: 1024).partialValue
        }
        let total = bytes("MemTotal")
        memoryAvailable = bytes("MemAvailable")
        memoryUsed = total - bytes("MemFree")
        memoryWorkingSet = total - memoryAvailable
    }
}
