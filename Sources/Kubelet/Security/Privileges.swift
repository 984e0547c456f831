import Linux

/// What the kernel lets this process do, where it changes what we ask of the runtime.
enum Privileges {
    /// The lowest `oom_score_adj` that may be given: anything with CAP_SYS_RESOURCE, else nothing below our own.
    static func oomScoreFloor() -> Int64 {
        let text = (try? Files.readText("/proc/self/status")) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let mask = line.flatMap { UInt64($0.dropFirst("CapEff:".count).filter { !$0.isWhitespace }, radix: 16) } ?? 0
        if mask & (1 << 24) != 0 { return -1000 }
        let own = (try? Files.readText("/proc/self/oom_score_adj")) ?? ""
        return Int64(own.filter { !$0.isWhitespace }) ?? 0
    }
}
