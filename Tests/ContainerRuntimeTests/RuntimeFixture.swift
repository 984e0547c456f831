import ContainerRuntime
import Glibc
import Linux
import Logging
import PodNetwork
import Testing

/// A containerd of a test's own: in a temporary data folder and a network namespace without any way out.
struct RuntimeFixture: Sendable {
    static let pause = "apus.test/pause:1"
    static let tools = "apus.test/tools:1"
    static let podCIDR = "10.213.0.0/24"

    let folder: String
    let namespace: String
    let ledger: Ledger
    let supervisor: ContainerdSupervisor
    let client: RuntimeClient
    let logger: Logger

    /// Why no containers can be run here; nil when they can.
    static var obstacle: String? {
        if geteuid() != 0 { return "needs root" }
        return ["containerd", "ctr", "runc", "ip", "nft"].first { Command.find($0) == nil }.map { "there is no \($0) on this machine" }
            ?? (Files.exists("/usr/lib/cni/bridge") || Files.exists("/opt/cni/bin/bridge") ? nil : "there are no CNI plugins on this machine")
    }

    var namespacePath: String { "/run/netns/\(namespace)" }
    var cgroup: String { "/\(namespace)" }

    init() async throws {
        var template = Array("/tmp/apus-rt-XXXXXX".utf8CString)
        folder = try #require(mkdtemp(&template).map { String(cString: $0) })
        namespace = "apus-" + folder.suffix(6)
        try await Command(["ip", "netns", "add", namespace]).run()
        try await Command(["ip", "-netns", namespace, "link", "set", "lo", "up"]).run()
        var logger = Logger(label: "test")
        logger.logLevel = .warning
        self.logger = logger
        ledger = try Ledger(path: "\(folder)/ledger", networkNamespace: "/run/netns/\(namespace)")
        try await BridgeNetwork(
            configuration: .init(dataFolder: folder, podCIDR: Self.podCIDR, serviceCIDR: "10.96.0.0/12"), ledger: ledger, logger: logger
        ).setUp()
        var configuration = try ContainerdConfiguration(dataFolder: folder, sandboxImage: Self.pause)
        configuration.networkNamespace = "/run/netns/\(namespace)"
        supervisor = ContainerdSupervisor(configuration: configuration, ledger: ledger, logger: logger)
        client = try RuntimeClient(endpoint: configuration.endpoint, logger: logger)
    }

    /// The pause image and one with a shell.
    func importImages() async throws {
        var files = ImageFiles.base()
        for program in ["sleep", "sh", "cat"] {
            try files.addProgram(try #require(Command.find(program)), as: "usr/bin/\(program)")
        }
        var pauseFiles = ImageFiles()
        pauseFiles.add(PauseProgram.bytes(), as: PauseProgram.name, mode: 0o755)
        let folder = "\(supervisor.configuration.folder)/images"
        try await LocalImages(client: client, folder: "\(folder)/pause", logger: logger).ensure(
            [LocalImage(name: Self.pause, entrypoint: ["/\(PauseProgram.name)"])], files: pauseFiles)
        try await LocalImages(client: client, folder: "\(folder)/tools", logger: logger).ensure(
            [LocalImage(name: Self.tools, entrypoint: ["/usr/bin/sh", "-c"])], files: files)
    }

    func sandboxConfig(_ name: String) -> CRIPodSandboxConfig {
        .make {
            $0.metadata.name = name
            $0.metadata.namespace = "test"
            $0.metadata.uid = "uid-\(name)"
            $0.hostname = name
            $0.logDirectory = "\(folder)/pods/\(name)"
            $0.linux.cgroupParent = cgroup
            $0.portMappings = [
                .make {
                    $0.containerPort = 80
                    $0.hostPort = 18080
                }
            ]
        }
    }

    func containerConfig(_ name: String, script: String) -> CRIContainerConfig {
        .make {
            $0.metadata.name = name
            $0.image.image = Self.tools
            $0.args = [script]
            $0.logPath = "\(name)/0.log"
        }
    }

    /// Takes everything away and reports what is left.
    func remove() async throws -> [String] {
        try await supervisor.tearDown()
        var left = await ledger.undoAll().map { "\($0.entry): \($0.reason)" }
        for hierarchy in try Files.list("/sys/fs/cgroup") { try await Cgroups.remove("/sys/fs/cgroup/\(hierarchy)\(cgroup)") }
        left += try Mounts.under(folder).map { "mount \($0.path)" }
        left += try Files.list("/proc").compactMap { Int32($0) }.filter {
            ProcessHandle(pid: $0)?.commandLine.contains { $0.hasPrefix(folder) } == true
        }.map { "process \($0)" }
        let links = try await Command(["ip", "-brief", "link"], networkNamespace: namespacePath).run().outputText
        left += links.split(separator: "\n").filter { $0.hasPrefix("apus0") || $0.hasPrefix("veth") }.map { "link \($0)" }
        left += try await Command(["nft", "list", "tables"], networkNamespace: namespacePath).run().outputText
            .split(separator: "\n").map { "table \($0)" }
        if left.contains(where: { $0.hasPrefix("table") }) {
            left.append(try await Command(["nft", "list", "ruleset"], networkNamespace: namespacePath).run().outputText)
        }
        try await Command(["ip", "netns", "delete", namespace]).run()
        try Files.removeTree("\(folder)/logs")
        try Files.removeTree("\(folder)/pods")
        try Files.removeTree("\(folder)/cni")
        try Files.removeTree("\(folder)/ledger")
        left += try Files.list(folder).map { "file \($0)" }
        try Files.removeTree(folder)
        return left
    }
}
