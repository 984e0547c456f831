import Glibc
import Linux

/// What can be done with a lab. Everything that it makes outside its folder stands in its ledger before it is there, and ``down()`` takes all away,
/// after any ending.
package struct Laboratory: Sendable {
    package let folder: LabFolder

    package init(_ folder: LabFolder) { self.folder = folder }

    /// Tells of a step that has been done: its name, how long it took, what came of it.
    package typealias Report = @Sendable (_ step: String, _ duration: Duration, _ detail: String) -> Void

    /// Makes a lab and starts its machines.
    ///
    /// - Throws: ``LabError`` when there is one already, or a step failed; what was made by then is left for ``down()``.
    package func make(_ plan: LabPlan, report: @escaping Report) async throws {
        guard !Files.exists(folder.ledger) else {
            throw LabError("there is a lab in \(folder.path) already: apus lab list tells of it, apus lab down removes it")
        }
        let isFirst = !Files.exists(folder.labs)
        try Files.makeDirectory(folder.labs)
        try Files.makeDirectory(folder.path, mode: 0o700)
        let lock = try LabLock(folder)
        defer { lock.release() }
        let ledger = try Ledger(path: folder.ledger)
        if isFirst { try ledger.record(.directory(folder.labs)) }
        try folder.write(plan)
        for path in try LabCgroups.folders(folder.cgroup) { try ledger.record(.cgroup(path)) }
        let network = try await Self.timed("network", report, detail: { _ in "\(plan.subnet), a bridge of its own" }) {
            try await LabSwitch.make(folder, plan.subnet, cgroups: try LabCgroups.all(folder.networkCgroup), ledger: ledger)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for machine in plan.machines {
                group.addTask {
                    try await Self.timed(machine.hostname, report, detail: { _ in machine.address }) {
                        try await Disk(folder: folder.machine(machine)).make(plan, machine)
                        try await start(machine, plan, network, ledger)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Starts a machine that was stopped.
    package func start(_ hostname: String) async throws {
        let plan = try folder.plan()
        let machine = try plan.machine(hostname)
        let lock = try LabLock(folder)
        defer { lock.release() }
        guard folder.machine(machine).running == nil else { throw LabError("\(machine.hostname) runs already") }
        guard let network = LabSwitch(folder) else {
            throw LabError("the network of the lab \(plan.name) has gone, perhaps because the host was started anew: apus lab down, then up again")
        }
        try await start(machine, plan, network, try Ledger(path: folder.ledger))
    }

    private func start(_ machine: MachinePlan, _ plan: LabPlan, _ network: LabSwitch, _ ledger: Ledger) async throws {
        let place = folder.machine(machine)
        var apart = Apart()
        apart.newMachine = true
        apart.newNetwork = true
        apart.newCgroupRoot = true
        apart.cgroups = try LabCgroups.all(folder.cgroup(of: machine))
        let starting = try Starting([ProgramPath.current, MachineInit.argument, folder.path, machine.hostname], apart, log: place.console)
        var problem: (any Error)?
        do {
            try ledger.record(.process(starting.process.text))
            try Files.writeAtomically(place.process, starting.process.text)
            try await network.plug(machine, plan.subnet, process: starting.process)
        } catch {
            problem = error
        }
        let answer = try await starting.answer(goingAhead: problem == nil)
        // A machine that has ended before its cable was plugged in has a reason of its own.
        if case .failed(let reason) = answer, problem == nil || reason != BootDialogue.withoutReason {
            throw LabError("\(machine.hostname) does not start: \(reason)\nIts console: \(place.console)")
        }
        if let problem { throw problem }
    }

    /// Ends all that runs in a machine. Its files stay.
    ///
    /// - Parameter byPower: at once, as when the power fails; else it is shut down.
    package func stop(_ hostname: String, byPower: Bool) async throws {
        let plan = try folder.plan()
        let machine = try plan.machine(hostname)
        let lock = try LabLock(folder)
        defer { lock.release() }
        let place = folder.machine(machine)
        guard let process = place.running else { throw LabError("\(machine.hostname) does not run") }
        if byPower { process.signal(SIGKILL) }
        try await process.stop(grace: .seconds(30))
        try await LabCgroups.remove(folder.cgroup(of: machine))
        try Files.remove(place.process)
        try Ledger(path: folder.ledger).forget(.process(process.text))
    }

    /// Changes a machine's cable.
    package func change(_ hostname: String, _ change: (inout LinkState) -> Void) async throws -> LinkState {
        let plan = try folder.plan()
        let machine = try plan.machine(hostname)
        let lock = try LabLock(folder)
        defer { lock.release() }
        guard let network = LabSwitch(folder) else { throw LabError("the network of the lab \(plan.name) has gone: apus lab down, then up again") }
        try await network.change(machine, change)
        return network.state(of: machine)
    }

    /// Removes the lab. None there is success.
    ///
    /// - Throws: ``LabError`` with what could not be removed, after all the rest was.
    package func down() async throws {
        guard Files.exists(folder.path) else { return }
        // A folder that holds something else entirely is not ours to empty.
        guard Files.exists(folder.ledger) || Files.exists(folder.planPath) || Files.exists(folder.lock) else {
            throw LabError("\(folder.path) was not made by apus lab, so nothing in it is removed")
        }
        let lock = try LabLock(folder)
        defer { lock.release() }
        let ledger = try Ledger(path: folder.ledger)
        let isFirst = ledger.entries.contains(.directory(folder.labs))
        // All at once, where undoing one after another would let each shut down.
        for case .process(let text) in ledger.entries { ProcessHandle(text: text)?.signal(SIGKILL) }
        let failures = await ledger.undoAll()
        guard failures.isEmpty else {
            throw LabError(
                "could not remove everything: " + failures.map { "\($0.entry): \($0.reason)" }.joined(separator: "; ")
                    + "\nWhat is left is listed in \(folder.ledger); mend the cause and run apus lab down again")
        }
        // Last of all what tells that this is a lab, for whoever is interrupted here.
        try Files.removeTree(folder.machines)
        try Files.removeTree(folder.path)
        if isFirst { _ = rmdir(folder.labs) }
    }

    @discardableResult
    static func timed<T: Sendable>(
        _ step: String, _ report: Report, detail: (T) -> String, _ work: () async throws -> T
    ) async throws -> T {
        let began = ContinuousClock.now
        let result = try await work()
        report(step, began.duration(to: .now), detail(result))
        return result
    }
}

/// Keeps two commands from changing one lab at the same time; goes with the process.
private struct LabLock {
    private let descriptor: Int32

    init(_ folder: LabFolder) throws {
        descriptor = open(folder.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw SystemError("lock the lab", folder.lock) }
        if lockf(descriptor, F_TLOCK, 0) != 0 {
            close(descriptor)
            throw LabError("another command is at work on the lab in \(folder.path): wait for its end")
        }
    }

    func release() { close(descriptor) }
}
