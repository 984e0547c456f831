import Glibc
import Linux
import Logging

/// Looks, before anything is changed, whether the machine can be a node.
enum Preflight {
    /// - Parameter swaps: where the kernel tells of swap.
    /// - Throws: `KubeletError` that names the obstacle and the way out.
    static func check(_ configuration: KubeletConfiguration, swaps: String = "/proc/swaps", user: uid_t = geteuid(), _ logger: Logger) throws {
        guard user == 0 else {
            throw KubeletError(
                "the node agent must run as root: it makes cgroups, mounts volumes and talks to the container runtime; start it with sudo")
        }
        let socket =
            configuration.containerRuntimeEndpoint.hasPrefix("unix://")
            ? String(configuration.containerRuntimeEndpoint.dropFirst("unix://".count)) : configuration.containerRuntimeEndpoint
        if !Files.exists(socket) {
            logger.warning(
                "the container runtime's socket is not there; the node stays NotReady until it is",
                metadata: ["socket": "\(socket)", "hint": "start the runtime, or name another one with --container-runtime-endpoint"])
        }
        let swap = ((try? Files.readText(swaps)) ?? "").split(separator: "\n").dropFirst()
        if !swap.isEmpty {
            guard !configuration.failSwapOn else {
                throw KubeletError("swap is on and failSwapOn is set: switch swap off with `swapoff -a`, or set failSwapOn to false")
            }
            logger.info(
                "swap is on: the node starts all the same, and containers are not given swap (NoSwap)", metadata: ["devices": "\(swap.count)"])
        }
        do {
            try Files.makeDirectory(configuration.podsDirectory, mode: 0o750)
            try Files.makeDirectory(configuration.podLogsDir, mode: 0o755)
        } catch {
            throw KubeletError("the node agent cannot use its folders: \(error)")
        }
    }
}
