/// What the kernel lets our process do.
package enum Capabilities {
    /// Bits as in capabilities(7).
    package enum Capability: Int, Sendable {
        case netAdmin = 12
        case sysAdmin = 21
        /// Among other things: to lower OOM scores.
        case sysResource = 24
    }

    /// Whether our own process has it and may hand it on.
    package static func has(_ capability: Capability) -> Bool {
        guard let status = try? Files.readText("/proc/self/status") else { return false }
        return ["CapEff:", "CapBnd:"].allSatisfy { name in
            status.split(separator: "\n").contains { line in
                guard line.hasPrefix(name), let bits = UInt64(line.dropFirst(name.count).drop { $0 == "\t" || $0 == " " }, radix: 16) else {
                    return false
                }
                return bits & (1 << UInt64(capability.rawValue)) != 0
            }
        }
    }
}
