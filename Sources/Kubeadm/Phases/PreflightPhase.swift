import ContainerRuntime
import Glibc
import KubernetesAPI
import Linux
import Logging

extension Phase {
    static let preflight = Phase(name: "preflight", summary: "Run pre-flight checks") { settings, _ in
        Say.line("[preflight] Running pre-flight checks")
        var fatal: [String] = []
        for (check, problem) in await PreflightChecks(settings: settings).problems() {
            let isIgnored = settings.ignoredChecks.contains(check.lowercased()) || settings.ignoredChecks.contains("all")
            if isIgnored || check == "Swap" {
                Say.error("\t[WARNING \(check)]: \(problem)")
            } else {
                fatal.append("\t[ERROR \(check)]: \(problem)")
            }
        }
        guard fatal.isEmpty else {
            throw KubeadmError(
                "[preflight] Some fatal errors occurred:\n\(fatal.joined(separator: "\n"))\n"
                    + "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`")
        }
        if settings.image == KubeadmImages.controlPlane {
            Say.line("[preflight] Making the image of the control plane out of this program: no registry is needed")
            try await KubeadmImages.ensure(socket: settings.criSocket, folder: "/var/lib/kubeadm/images")
        }
    }
}

/// What must be so before a control plane can be set up, each with its remedy, under upstream's names.
struct PreflightChecks {
    var settings: InitSettings

    func problems() async -> [(check: String, problem: String)] {
        var found: [(String, String)] = []
        if geteuid() != 0 { found.append(("IsPrivilegedUser", "user is not running as root: run it with sudo")) }
        if let problem = NameValidation.dns1123Subdomain(settings.nodeName).first {
            found.append(("Hostname", "the node's name \"\(settings.nodeName)\" cannot be: \(problem); give another one with --node-name"))
        }
        for port in [settings.bindPort, 10259, 10257, 10250] {
            if let problem = PortCheck.problem(port) { found.append(("Port-\(port)", problem)) }
        }
        for component in ControlPlaneManifests.components {
            let path = "\(settings.manifests)/\(component).yaml"
            if Files.exists(path) {
                found.append(
                    (
                        "FileAvailable-" + path.split(separator: "/").joined(separator: "-"),
                        "\(path) already exists: it is of another cluster; kubeadm reset removes it"
                    ))
            }
        }
        for program in ["nft", "ip", "ctr"] where Command.find(program) == nil {
            found.append(
                ("FileExisting-\(program)", "\(program) not found in system path: install it (apt-get install nftables iproute2 containerd)"))
        }
        if let text = try? Files.readText("/proc/swaps"), text.split(separator: "\n").count > 1 {
            found.append(
                ("Swap", "swap is on: pods do not use it; to turn it off run swapoff -a, and take the swap line out of /etc/fstab to keep it off"))
        }
        if (try? Files.readText("/proc/sys/net/ipv4/ip_forward")) != "1" {
            found.append(
                (
                    "FileContent--proc-sys-net-ipv4-ip_forward",
                    "/proc/sys/net/ipv4/ip_forward contents are not set to 1: run sysctl -w net.ipv4.ip_forward=1, and put that into /etc/sysctl.d to keep it"
                ))
        }
        if let problem = await runtimeProblem() { found.append(("CRI", problem)) }
        return found
    }

    private func runtimeProblem() async -> String? {
        let path = settings.criSocket.hasPrefix("unix://") ? String(settings.criSocket.dropFirst(7)) : settings.criSocket
        guard Files.exists(path) else {
            return "container runtime is not running: there is no socket \(path); start containerd, or name another socket with --cri-socket"
        }
        return nil
    }
}

/// Whether a port is free.
enum PortCheck {
    /// Tries to listen on it.
    static func problem(_ port: Int) -> String? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result == 0 && listen(descriptor, 1) == 0 { return nil }
        return "Port \(port) is in use: ss -ltnp | grep :\(port) shows by what"
    }
}
