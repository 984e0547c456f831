import Glibc
import KubernetesAPI
import Linux

/// What every machine of a cluster must have.
struct MachineChecks: Sendable {
    var nodeName: String
    /// Ports that must be free.
    var ports: [Int]
    /// Files that another cluster would have left.
    var absentFiles: [String]
    var emptyFolders: [String] = []
    /// Programs that must be there besides those that every machine needs.
    var programs: [String] = []
    /// Whether the kubelet is to refuse swap.
    var failsOnSwap = false
    /// Where the machine's files are; tests have others.
    var root = ""
    var isRoot = geteuid() == 0

    func findings() async -> [Finding] {
        var found: [Finding] = []
        if !isRoot { found.append(.error("IsPrivilegedUser", "user is not running as root: run it with sudo")) }
        found += hostname(hosts: text("/etc/hosts"), resolves: Self.resolves)
        for port in ports {
            if let problem = Listeners.problem(onPort: port) { found.append(.error("Port-\(port)", "Port \(port) \(problem)")) }
        }
        found += leftovers()
        for program in ["nft", "ip", "conntrack", "ctr"] + programs where Command.find(program) == nil {
            found.append(
                .error(
                    "FileExisting-\(program)",
                    "\(program) not found in system path: install it (apt-get install nftables iproute2 conntrack containerd"
                        + (program == "etcd" ? " etcd-server)" : ")")))
        }
        found += swap(text("/proc/swaps"), fstab: text("/etc/fstab"))
        found += kernel()
        found += await services()
        return found
    }

    private func text(_ path: String) -> String { ((try? Files.readText(root + path)) ?? nil) ?? "" }

    // MARK: Names

    /// - Parameter resolves: whether a name has an address.
    func hostname(hosts: String, resolves: (String) -> Bool) -> [Finding] {
        if let problem = NameValidation.dns1123Subdomain(nodeName).first {
            return [
                .error(
                    "Hostname",
                    "the node's name \"\(nodeName)\" cannot be: \(problem); give the machine another (hostnamectl set-hostname NAME) or another to the node (--node-name)"
                )
            ]
        }
        if nodeName == "localhost" || nodeName.hasPrefix("localhost.") {
            return [
                .error(
                    "Hostname",
                    "\"\(nodeName)\" is the name of every machine for itself, and nodes need names of their own: hostnamectl set-hostname NAME, or --node-name"
                )
            ]
        }
        let known = hosts.split(separator: "\n").contains { line in
            line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace).dropFirst().contains { $0.lowercased() == nodeName }
        }
        if known || resolves(nodeName) { return [] }
        return [
            .warning(
                "Hostname",
                "hostname \"\(nodeName)\" could not be reached: a line ADDRESS \(nodeName) in /etc/hosts of each machine lets all find it by name")
        ]
    }

    private static func resolves(_ name: String) -> Bool {
        var answer: UnsafeMutablePointer<addrinfo>?
        defer { if let answer { freeaddrinfo(answer) } }
        return getaddrinfo(name, nil, nil, &answer) == 0
    }

    // MARK: Files

    func leftovers() -> [Finding] {
        var found: [Finding] = []
        for path in absentFiles where Files.exists(path) {
            found.append(
                .error(
                    Finding.name("FileAvailable", of: path),
                    "\(path) already exists: this machine belongs to a cluster, or belonged to one; kubeadm reset takes it out"))
        }
        for path in emptyFolders where !((try? Files.list(path)) ?? []).isEmpty {
            found.append(
                .error(Finding.name("DirAvailable", of: path), "\(path) is not empty: it is of another cluster; kubeadm reset takes it out"))
        }
        return found
    }

    // MARK: Swap

    /// - Parameter swaps: the text of `/proc/swaps`.
    func swap(_ swaps: String, fstab: String) -> [Finding] {
        let devices = swaps.split(separator: "\n").dropFirst().compactMap { $0.split(whereSeparator: \.isWhitespace).first }
        guard !devices.isEmpty else { return [] }
        let names = devices.joined(separator: ", ")
        guard failsOnSwap else {
            return [
                .warning(
                    "Swap", "swap is on (\(names)): the kubelet runs with it, and pods do not use it; swapoff -a turns it off until the next start")
            ]
        }
        let lines = fstab.split(separator: "\n").filter { line in
            let fields = line.split(whereSeparator: \.isWhitespace)
            return fields.count > 2 && !fields[0].hasPrefix("#") && fields[2] == "swap"
        }
        let permanent =
            lines.isEmpty
            ? "nothing in /etc/fstab turns it on at the next start (systemctl --type swap shows what does)"
            : "and to keep it off put a # before " + (lines.count == 1 ? "this line" : "these lines") + " of /etc/fstab: "
                + lines.joined(separator: " | ")
        return [
            .error("Swap", "running with swap on is not supported where failSwapOn is true, and it is on (\(names)): run swapoff -a, \(permanent)")
        ]
    }

    // MARK: Kernel

    private func kernel() -> [Finding] {
        var found: [Finding] = []
        let forwarding = "/proc/sys/net/ipv4/ip_forward"
        if text(forwarding).first != "1" {
            found.append(
                .error(
                    Finding.name("FileContent", of: forwarding),
                    "\(forwarding) contents are not set to 1: run sysctl -w net.ipv4.ip_forward=1, and put net.ipv4.ip_forward = 1 into /etc/sysctl.d/k8s.conf to keep it"
                ))
        }
        let bridge = "/proc/sys/net/bridge/bridge-nf-call-iptables"
        if !Files.exists(root + bridge) {
            found.append(
                .warning(
                    Finding.name("FileContent", of: bridge),
                    "\(bridge) does not exist: run modprobe br_netfilter, and put br_netfilter into /etc/modules-load.d/k8s.conf to keep it"))
        } else if text(bridge).first != "1" {
            found.append(
                .warning(
                    Finding.name("FileContent", of: bridge),
                    "\(bridge) contents are not set to 1: run sysctl -w net.bridge.bridge-nf-call-iptables=1, and put it into /etc/sysctl.d/k8s.conf to keep it"
                ))
        }
        found += controllers(v1: text("/proc/cgroups"), v2: text("/sys/fs/cgroup/cgroup.controllers"))
        return found
    }

    /// - Parameters:
    ///   - v1: the text of `/proc/cgroups`.
    ///   - v2: the controllers of the unified hierarchy; empty on machines that have none.
    func controllers(v1: String, v2: String) -> [Finding] {
        var present = Set(v2.split(whereSeparator: \.isWhitespace).map(String.init))
        if present.isEmpty {
            for line in v1.split(separator: "\n") where !line.hasPrefix("#") {
                let fields = line.split(whereSeparator: \.isWhitespace)
                if fields.count == 4, fields[3] == "1" { present.insert(String(fields[0])) }
            }
        }
        let missing = ["cpu", "cpuset", "memory", "pids"].filter { !present.contains($0) }
        guard !missing.isEmpty else { return [] }
        return [
            .error(
                "SystemVerification",
                "missing required cgroups: \(missing.joined(separator: " ")): the kernel was started without them"
                    + " (cgroup_enable=memory among the boot parameters turns memory on)")
        ]
    }

    // MARK: Services

    private func services() async -> [Finding] {
        guard Files.exists("/run/systemd/system") else { return [] }
        var found: [Finding] = []
        if let result = try? await Command(["systemctl", "is-enabled", "kubelet"]).runAnyExit(), result.exitCode != 0 {
            found.append(.warning("Service-Kubelet", "kubelet service is not enabled, please run 'systemctl enable kubelet.service'"))
        }
        if let result = try? await Command(["systemctl", "is-active", "firewalld"]).runAnyExit(), result.exitCode == 0 {
            let list = ports.map { String($0) }.joined(separator: " ")
            found.append(
                .warning("Firewalld", "firewalld is active, please ensure ports [\(list)] are open or your cluster may not function correctly"))
        }
        return found
    }
}
