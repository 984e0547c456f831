import ContainerRuntime
import Glibc
import JSON
import Linux

/// The network of a lab: a bridge in a namespace of its own, which lives as long as a process that does nothing in it.
struct LabSwitch: Sendable {
    let lab: LabFolder
    let process: ProcessHandle

    private var namespace: String { "/proc/\(process.pid)/ns/net" }

    /// The one that an earlier call has made; nil when it has gone.
    init?(_ lab: LabFolder) {
        guard let text = (try? Files.readText(lab.switchProcess)) ?? nil, let process = ProcessHandle(text: text) else { return nil }
        self.lab = lab
        self.process = process
    }

    private init(lab: LabFolder, process: ProcessHandle) {
        self.lab = lab
        self.process = process
    }

    /// - Parameter cgroups: those of the lab, so that its processes can always be found.
    static func make(_ lab: LabFolder, _ subnet: Subnet, cgroups: [String], ledger: Ledger) async throws -> LabSwitch {
        try Files.write(lab.pauseProgram, PauseProgram.bytes(), mode: 0o755)
        var apart = Apart()
        apart.newNetwork = true
        apart.cgroups = cgroups
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        if null < 0 { throw SystemError("open /dev/null") }
        defer { close(null) }
        let process = try apart.start([lab.pauseProgram], input: null, output: null, errors: null)
        try ledger.record(.process(process.text))
        try Files.writeAtomically(lab.switchProcess, process.text)
        let made = LabSwitch(lab: lab, process: process)
        try NetworkNamespace.run(made.namespace) {
            // The bridge alone answers for its address: a cut cable ends at a link that would do so too.
            try Files.writeSetting("/proc/sys/net/ipv4/conf/all/arp_ignore", "1")
            if Files.exists("/proc/sys/net/ipv6/conf/all/disable_ipv6") {
                for name in ["all", "default"] { try Files.writeSetting("/proc/sys/net/ipv6/conf/\(name)/disable_ipv6", "1") }
            }
        }
        try await made.run(Cabling.bridge(subnet))
        return made
    }

    /// Connects a machine that has just been started, by the cable as it was left.
    func plug(_ machine: MachinePlan, _ subnet: Subnet, process: ProcessHandle) async throws {
        try await removeCable(of: machine)
        try await run(Cabling.plug(machine, process: process.pid))
        try await Self.run(Cabling.address(machine, subnet), in: "/proc/\(process.pid)/ns/net")
        try await connect(machine, state(of: machine))
    }

    /// The kernel takes the cable of a machine that has ended away only some time later, and never what a slow one led through. Mostly both are
    /// gone, which is no failure.
    private func removeCable(of machine: MachinePlan) async throws {
        for link in [machine.port, Cabling.detour(machine).bridge] {
            _ = try await Command(["ip", "link", "delete", "dev", link], networkNamespace: namespace).runAnyExit()
        }
    }

    func state(of machine: MachinePlan) -> LinkState {
        guard let bytes = (try? Files.read(lab.machine(machine).cable)) ?? nil, let json = try? JSONValue(parsing: bytes) else { return LinkState() }
        return LinkState(json)
    }

    /// Makes a machine's cable be in another state, now when the machine runs and in any case when it is started again.
    func change(_ machine: MachinePlan, _ change: (inout LinkState) -> Void) async throws {
        let before = state(of: machine)
        var after = before
        change(&after)
        try Files.writeAtomically(lab.machine(machine).cable, after.json.serialized())
        guard lab.machine(machine).running != nil else { return }
        let hasDetour = !before.isCut && !before.slowness.isNone
        try await run(Cabling.unplug(machine, wasSlow: hasDetour))
        try await connect(machine, after)
    }

    private func connect(_ machine: MachinePlan, _ state: LinkState) async throws {
        try await run(Cabling.connect(machine, state))
        if !state.isCut && !state.slowness.isNone { try await startCarrier(machine, state.slowness) }
    }

    /// It ends by itself when its links go.
    private func startCarrier(_ machine: MachinePlan, _ slowness: Slowness) async throws {
        var apart = Apart()
        apart.networkNamespace = namespace
        apart.cgroups = try LabCgroups.all(lab.networkCgroup)
        let arguments = [ProgramPath.current, Carrier.argument, machine.port, Cabling.detour(machine).carrier] + slowness.arguments
        let started = try Starting(arguments, apart, log: lab.machine(machine).console)
        if case .failed(let reason) = try await started.answer(goingAhead: true) {
            throw LabError("the cable of \(machine.hostname) can't be slowed: \(reason)")
        }
    }

    private func run(_ lines: [String]) async throws { try await Self.run(lines, in: namespace) }

    private static func run(_ lines: [String], in namespace: String) async throws {
        if lines.isEmpty { return }
        let text = lines.joined(separator: "\n") + "\n"
        try await Command(["ip", "-batch", "-"], input: Array(text.utf8), networkNamespace: namespace).run()
    }
}
