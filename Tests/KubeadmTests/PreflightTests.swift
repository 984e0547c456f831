import Glibc
import JSON
import Linux
import Testing

@testable import Kubeadm

@Suite("kubeadm preflight")
struct PreflightTests {
    private func checks(_ name: String = "worker", failsOnSwap: Bool = false) -> MachineChecks {
        MachineChecks(nodeName: name, ports: [], absentFiles: [], failsOnSwap: failsOnSwap)
    }

    @Test func names() {
        #expect(checks("-x").hostname(hosts: "", resolves: { _ in true }).map(\.check) == ["Hostname"])
        let local = checks("localhost").hostname(hosts: "127.0.0.1 localhost", resolves: { _ in true })
        #expect(local.count == 1 && local[0].problem.contains("hostnamectl set-hostname") && !local[0].isWarning)
        #expect(checks().hostname(hosts: "# 10.0.2.4 worker\n", resolves: { _ in false }).map(\.isWarning) == [true])
        #expect(checks().hostname(hosts: "10.0.2.4\tWorker # x\n", resolves: { _ in false }).isEmpty)
        #expect(checks().hostname(hosts: "", resolves: { $0 == "worker" }).isEmpty)
    }

    @Test func swap() {
        let swaps = "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n"
        let fstab = "UUID=1 / ext4 defaults 0 1\n# /old none swap sw 0 0\n/dev/sda2 none swap sw 0 0\n"
        #expect(checks().swap("Filename Type\n", fstab: fstab).isEmpty)
        #expect(checks().swap(swaps, fstab: fstab).map(\.isWarning) == [true])
        let strict = checks(failsOnSwap: true).swap(swaps, fstab: fstab)
        #expect(strict.count == 1 && !strict[0].isWarning && strict[0].problem.contains("run swapoff -a"))
        #expect(strict[0].problem.hasSuffix("put a # before this line of /etc/fstab: /dev/sda2 none swap sw 0 0"))
        #expect(checks(failsOnSwap: true).swap(swaps, fstab: "")[0].problem.contains("nothing in /etc/fstab"))
    }

    @Test func cgroups() {
        let v1 = "#subsys_name hierarchy num_cgroups enabled\ncpu 1 1 1\ncpuset 2 1 1\nmemory 0 1 0\npids 3 1 1\n"
        #expect(checks().controllers(v1: v1, v2: "").map(\.problem).first?.hasPrefix("missing required cgroups: memory") == true)
        #expect(checks().controllers(v1: v1, v2: "cpuset cpu io memory pids\n").isEmpty)
    }

    @Test func filesOfAnotherCluster() throws {
        var template = Array("/tmp/apus-pre-XXXXXX".utf8CString)
        let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? Files.removeTree(folder) }
        var machine = checks()
        machine.absentFiles = ["\(folder)/kubelet.conf"]
        machine.emptyFolders = ["\(folder)/manifests"]
        try Files.makeDirectory("\(folder)/manifests")
        #expect(machine.leftovers().isEmpty)
        try Files.writeAtomically("\(folder)/kubelet.conf", "x")
        try Files.writeAtomically("\(folder)/manifests/a.yaml", "x")
        let dashed = String(folder.map { $0 == "/" ? "-" : $0 })
        #expect(machine.leftovers().map(\.check) == ["FileAvailable-\(dashed)-kubelet.conf", "DirAvailable-\(dashed)-manifests"])
    }

    /// A machine whose kernel has all that is needed, but for what the files say otherwise.
    private func machine(_ files: [String: String], _ body: (MachineChecks) async throws -> Void) async throws {
        var template = Array("/tmp/apus-pre-XXXXXX".utf8CString)
        let root = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer { try? Files.removeTree(root) }
        let good = [
            "/proc/sys/net/ipv4/ip_forward": "1", "/proc/sys/net/bridge/bridge-nf-call-iptables": "1", "/etc/hosts": "10.0.2.4 worker",
            "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids",
        ]
        for (path, text) in good.merging(files, uniquingKeysWith: { $1 }) where !text.isEmpty {
            try Files.makeDirectory(root + path.prefix(upTo: try #require(path.lastIndex(of: "/"))))
            try Files.writeAtomically(root + path, text)
        }
        var machine = checks()
        machine.root = root
        machine.isRoot = true
        try await body(machine)
    }

    @Test(
        arguments: [
            ("/proc/sys/net/ipv4/ip_forward", "0", "FileContent--proc-sys-net-ipv4-ip_forward", "run sysctl -w net.ipv4.ip_forward=1", false),
            (
                "/proc/sys/net/bridge/bridge-nf-call-iptables", "0", "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables",
                "run sysctl -w net.bridge.bridge-nf-call-iptables=1", true
            ),
            (
                "/proc/sys/net/bridge/bridge-nf-call-iptables", "", "FileContent--proc-sys-net-bridge-bridge-nf-call-iptables",
                "run modprobe br_netfilter", true
            ),
            ("/sys/fs/cgroup/cgroup.controllers", "cpu cpuset pids", "SystemVerification", "cgroup_enable=memory", false),
        ])
    func theKernelsSettings(_ path: String, _ text: String, _ check: String, _ remedy: String, _ isWarning: Bool) async throws {
        try await machine([path: text]) { machine in
            // What the machine that tests run on lacks beside it is no part of this.
            let found = await machine.findings().filter { !$0.check.hasPrefix("FileExisting") && !$0.check.hasPrefix("Service") }
            #expect(found.map(\.check) == [check] && found.map(\.isWarning) == [isWarning])
            #expect(found.allSatisfy { $0.problem.contains(remedy) }, "\(found)")
        }
    }

    @Test func whoRunsItWhatItNeedsAndAPortInUse() async throws {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                bind(socket, raw, length) == 0 && listen(socket, 1) == 0 && getsockname(socket, raw, &length) == 0
            } ? Int(UInt16(bigEndian: pointer.pointee.sin_port)) : 0
        }
        try #require(port > 0)
        try await machine([:]) { machine in
            var machine = machine
            machine.isRoot = false
            machine.ports = [port]
            machine.programs = ["no-such-program"]
            let found = await machine.findings()
            func problem(_ check: String) -> String { found.first { $0.check == check && !$0.isWarning }?.problem ?? "nothing" }
            #expect(problem("IsPrivilegedUser") == "user is not running as root: run it with sudo")
            #expect(problem("Port-\(port)").hasPrefix("Port \(port) is in use by ") && problem("Port-\(port)").hasSuffix(": end it"))
            #expect(problem("FileExisting-no-such-program").contains("no-such-program not found in system path: install it (apt-get install"))
        }
    }

    @Test func verdicts() throws {
        let findings: [Finding] = [.warning("A", "a"), .error("Port-1", "p"), .error("B", "b")]
        let error = #expect(throws: KubeadmError.self) { try Finding.judge(findings, ignored: ["port-1"]) }
        #expect(error?.description.contains("[ERROR B]: b") == true && error?.description.contains("Port-1") == false)
        try Finding.judge(findings, ignored: ["all"])
    }

    @Test func theRuntimesWayWithCgroups() {
        let systemd = #"{"containerd":{"defaultRuntimeName":"runc","runtimes":{"runc":{"options":{"SystemdCgroup":true}}}}}"#
        #expect(RuntimeProbe.driver(inConfiguration: systemd) == "systemd")
        #expect(RuntimeProbe.driver(inConfiguration: #"{"containerd":{"runtimes":{"runc":{"options":{}}}}}"#) == "cgroupfs")
        #expect(RuntimeProbe.driver(inConfiguration: "x") == nil)
        let plain = RuntimeProbe(cgroupDriver: "cgroupfs")
        #expect(CgroupDriver.findings(plain, machine: "cgroupfs").isEmpty)
        let warned = CgroupDriver.findings(plain, machine: "systemd")
        #expect(warned.map(\.isWarning) == [true] && warned[0].problem.contains("SystemdCgroup = true"))
        #expect(CgroupDriver.findings(plain, wanted: "systemd", machine: "systemd").map(\.isWarning) == [false])
    }

    @Test func copiedMachines() {
        let identity = MachineIdentity(
            nodeIP: "10.0.2.4", links: MachineIdentity.links([["ifname": "eth0", "link_type": "ether", "address": "08:00:27:AA:BB:CC"]]),
            productUUID: "1234", machineID: "m")
        let found = identity.findings(
            neighbours: ["10.0.2.15": "08:00:27:aa:bb:cc", "10.0.2.5": "08:00:27:00:00:01"], names: ["10.0.2.15": "master"])
        #expect(found.map(\.check) == ["MACAddress"] && found[0].problem.contains("the node master (10.0.2.15)"))
        let silence = identity.silence(of: "10.0.2.15")
        #expect(silence.isWarning && silence.problem.contains("eth0 08:00:27:aa:bb:cc"))
        func node(_ name: String, _ address: String, _ uuid: String, ready: String = "True") -> JSONValue {
            [
                "metadata": ["name": .string(name)],
                "status": [
                    "addresses": [["type": "InternalIP", "address": .string(address)]], "nodeInfo": ["systemUUID": .string(uuid), "machineID": "n"],
                    "conditions": [["type": "Ready", "status": .string(ready)]],
                ],
            ]
        }
        #expect(identity.findings(nodes: [node("a", "10.0.2.4", "1234")], nodeName: "b").map(\.check) == ["NodeIP", "ProductUUID"])
        #expect(identity.findings(nodes: [node("b", "10.0.2.4", "1234")], nodeName: "b").isEmpty)
        #expect(JoinChecks.name("a", [node("a", "10.0.2.4", "")]).map(\.check) == ["Hostname"])
        #expect(JoinChecks.name("a", [node("a", "10.0.2.4", "", ready: "Unknown")]).isEmpty)
    }

    @Test(arguments: [("v1.36.0", true), ("v1.39.1", true), ("v1.35.0", false), ("v1.40.0", false), ("", true)])
    func versions(_ cluster: String, _ fits: Bool) {
        #expect(JoinChecks.version(cluster, own: "v1.36.3+apus.0.1.0").isEmpty == fits)
    }
}
