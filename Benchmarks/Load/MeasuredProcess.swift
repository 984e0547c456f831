import Glibc
import Linux

/// The server's process as the kernel accounts for it.
struct MeasuredProcess: Sendable {
    let pid: Int32

    /// Resident memory in bytes.
    func memory() throws -> Int {
        for line in try text("status").split(separator: "\n") where line.hasPrefix("VmRSS:") {
            if let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) }) { return kibibytes << 10 }
        }
        throw LoadError.unusable("/proc/\(pid)/status says nothing of VmRSS")
    }

    /// Processor time used so far, in seconds.
    func processorTime() throws -> Double {
        let text = try text("stat")
        // After the program's name, which may itself hold anything.
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else {
            throw LoadError.unusable("/proc/\(pid)/stat cannot be read")
        }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Waits until the process does next to nothing, so that what one load leaves behind does not disturb the next; for `limit` seconds at most.
    func settle(limit: Double = 15) async throws {
        let start = nanoseconds()
        var used = try processorTime()
        while elapsed(since: start) < limit {
            try await Task.sleep(for: .milliseconds(300))
            let now = try processorTime()
            if now - used <= 0.03 { return }
            used = now
        }
    }

    private func text(_ file: String) throws -> String {
        guard let text = try Files.readText("/proc/\(pid)/\(file)") else { throw LoadError.unusable("the server's process \(pid) is gone") }
        return text
    }
}
