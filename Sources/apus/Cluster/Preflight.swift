import ContainerRuntime
import Glibc
import Linux

/// What must be so before a cluster can start, each with its remedy.
struct Preflight {
    var configuration: ServerConfiguration
    /// Where the kernel tells of swap.
    var swaps = "/proc/swaps"

    /// Images and a few pods need this much.
    static let freeBytesMin: UInt64 = 256 << 20

    /// - Returns: what is not as it should be but can stay so.
    /// - Throws: `CommandError` with all problems found.
    func check() throws -> [String] {
        var problems: [String] = []
        if geteuid() != 0 { problems.append("not running as root: run it with sudo") }
        problems += missingPrograms()
        for (port, option) in [(configuration.securePort, "--secure-port"), (configuration.kubeletPort, "--kubelet-port")] {
            if let problem = Listeners.problem(onPort: port) {
                problems.append("\(option): port \(port) \(problem), or choose another port with \(option)")
            }
        }
        if let problem = Listeners.problem(onPort: ServerConfiguration.dnsPort) {
            problems.append("the cluster's DNS: port \(ServerConfiguration.dnsPort) \(problem)")
        }
        if let problem = Self.diskProblem(configuration.folder.path) { problems.append(problem) }
        var notes: [String] = []
        if isSwapOn {
            let text = "swap is on: pods are not given any, but all slows down when memory is short; swapoff -a turns it off"
            if configuration.failSwapOn {
                problems.append("swap is on, and --fail-swap-on was given: turn it off with swapoff -a, or leave the option out")
            } else {
                notes.append(text)
            }
        }
        guard problems.isEmpty else { throw CommandError("cannot start:\n" + problems.map { "  \($0)" }.joined(separator: "\n")) }
        return notes
    }

    private func missingPrograms() -> [String] {
        var wanted = [("nft", "nftables"), ("ip", "iproute2")]
        var problems: [String] = []
        if let endpoint = configuration.runtimeEndpoint {
            let path = endpoint.hasPrefix("unix://") ? String(endpoint.dropFirst(7)) : endpoint
            if !Files.exists(path) { problems.append("--container-runtime-endpoint \(endpoint): there is no such socket; is the runtime running?") }
        } else {
            wanted = [("containerd", "containerd"), ("ctr", "containerd"), ("runc", "runc")] + wanted
            if !Files.exists("\(ContainerdConfiguration.findPlugins())/bridge") {
                problems.append("the CNI plugins are missing: apt-get install containernetworking-plugins")
            }
        }
        return wanted.filter { Command.find($0.0) == nil }.map { "the program \($0.0) is missing: apt-get install \($0.1)" } + problems
    }

    private var isSwapOn: Bool {
        guard let text = (try? Files.readText(swaps)).flatMap({ $0 }) else { return false }
        return text.split(separator: "\n").count > 1
    }

    /// - Parameter folder: need not be there yet.
    static func diskProblem(_ folder: String) -> String? {
        var present = folder
        while !Files.exists(present), let parent = Path.parent(present), parent != present { present = parent }
        var information = statvfs()
        guard statvfs(present, &information) == 0 else { return nil }
        let free = UInt64(information.f_bavail) * UInt64(information.f_frsize)
        guard free < freeBytesMin else { return nil }
        return "only \(free >> 20) MiB are free for \(folder), and \(freeBytesMin >> 20) MiB are needed: free some space there, "
            + "or choose another folder with --data-dir"
    }
}
