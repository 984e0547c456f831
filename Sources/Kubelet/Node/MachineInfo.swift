import Glibc
import Linux

/// Facts of the machine, read once.
struct MachineInfo: Sendable {
    var cpuCount: Int
    /// Bytes.
    var memory: Int64
    var swap: Int64
    var machineID: String
    var systemUUID: String
    var bootID: String
    var kernelVersion: String
    var osImage: String
    /// As Go names it: amd64, arm64.
    var architecture: String
    /// Bytes by page size in bytes.
    var hugepages: [Int64: Int64]

    static func read() -> MachineInfo {
        let meminfo = keyValues(text("/proc/meminfo"))
        func kilobytes(_ key: String) -> Int64 {
            (meminfo[key]?.split(separator: " ").first.flatMap { Int64($0) } ?? 0) * 1024
        }
        var name = utsname()
        uname(&name)
        let release = withUnsafeBytes(of: &name.release) { cString($0) }
        let machine = withUnsafeBytes(of: &name.machine) { cString($0) }
        return MachineInfo(
            cpuCount: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), memory: kilobytes("MemTotal"), swap: kilobytes("SwapTotal"),
            machineID: trimmed("/etc/machine-id"), systemUUID: systemUUID(), bootID: trimmed("/proc/sys/kernel/random/boot_id"),
            kernelVersion: release, osImage: osImage(), architecture: goArchitecture(machine), hugepages: readHugepages())
    }

    static func goArchitecture(_ machine: String) -> String {
        switch machine {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        case "armv7l": "arm"
        default: machine
        }
    }

    static func osImage(_ release: String) -> String {
        for line in release.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return String(line.dropFirst("PRETTY_NAME=".count)).filter { $0 != "\"" }
        }
        return "Linux"
    }

    private static func osImage() -> String {
        let release = text("/etc/os-release")
        return osImage(release.isEmpty ? text("/usr/lib/os-release") : release)
    }

    private static func systemUUID() -> String {
        let uuid = trimmed("/sys/class/dmi/id/product_uuid")
        return uuid.isEmpty ? trimmed("/etc/machine-id") : uuid.lowercased()
    }

    private static func readHugepages() -> [Int64: Int64] {
        let root = "/sys/kernel/mm/hugepages"
        var result: [Int64: Int64] = [:]
        for name in (try? Files.list(root)) ?? [] where name.hasPrefix("hugepages-") && name.hasSuffix("kB") {
            guard let size = Int64(name.dropFirst("hugepages-".count).dropLast(2)), let count = Int64(trimmed("\(root)/\(name)/nr_hugepages")) else {
                continue
            }
            result[size * 1024] = size * 1024 * count
        }
        return result
    }

    /// `key: value` lines, as /proc writes them.
    static func keyValues(_ text: String) -> [String: String] {
        var result: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            result[String(line[..<colon])] = String(line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" })
        }
        return result
    }

    private static func text(_ path: String) -> String { (try? Files.readText(path)) ?? "" }

    private static func trimmed(_ path: String) -> String { text(path).filter { !$0.isWhitespace } }

    private static func cString(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
