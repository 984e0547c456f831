import CLinux
import Glibc

/// The memory of this process.
package enum ProcessMemory {
    /// Sets the allocator up for a server. To be called once, before there are threads.
    package static func keepFreedMemory() { apus_keep_freed_memory() }

    /// From now on the kernel writes no core of this process, however it ends: keys and tokens are in its memory. What it starts is free of this.
    package static func keepOutOfCores() { apus_keep_out_of_cores() }

    package static var mayLeaveCore: Bool { apus_may_leave_core() == 1 }

    /// Lets go of the pages of our own program's code. The kernel keeps them with the file and maps those that are needed again one by one; what only
    /// the start needed, which is most of it, then does not count as this process's memory any more.
    package static func releaseCode() {
        let program = ProgramPath.current
        guard let maps = try? Files.readText("/proc/self/maps") else { return }
        for line in maps.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5)
            // Code is never written to, so that nothing can be lost by reading it again.
            guard fields.count == 6, fields[1] == "r-xp", fields[5].drop(while: { $0 == " " }) == program else { continue }
            let range = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard range.count == 2, range[0] < range[1], let start = UnsafeMutableRawPointer(bitPattern: range[0]) else { continue }
            _ = madvise(start, Int(range[1] - range[0]), CInt(MADV_DONTNEED))
        }
    }
}
