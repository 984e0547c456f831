import Glibc
import JSON
import Linux

/// Where everything of one lab is kept.
package struct LabFolder: Sendable {
    package static let standard = "/var/lib/apus-lab"

    /// What holds all labs; like ``path`` absolute, without a slash at the end.
    let labs: String
    package let path: String

    /// - Parameter labs: the folder that holds all labs.
    /// - Throws: ``LabError`` for a folder that can't be one.
    package init(labs: String, name: String) throws(LabError) {
        try LabPlan.check(name: name, what: "the lab's name")
        try self.init(labs: labs, checked: name)
    }

    /// One whose path is known to be right.
    init(path: String) {
        self.path = path
        labs = Path.parent(path) ?? "/"
    }

    private init(labs: String, checked name: String) throws(LabError) {
        var labs = labs
        while labs.count > 1, labs.hasSuffix("/") { labs.removeLast() }
        guard labs.hasPrefix("/"), labs != "/" else {
            throw LabError("--data-dir \(labs) must be an absolute path below /, such as \(Self.standard)")
        }
        if labs.contains(where: { ":,\\".contains($0) || $0.isWhitespace }) {
            throw LabError("--data-dir \(labs) has a blank, colon, comma or backslash in it, which the mounts of a machine can't have")
        }
        for tree in Disk.sharedTrees where labs == "/\(tree)" || labs.hasPrefix("/\(tree)/") {
            throw LabError("--data-dir \(labs) lies in /\(tree), which the machines see: choose another folder, such as \(Self.standard)")
        }
        self.labs = labs
        path = "\(labs)/\(name)"
    }

    /// All that are in a folder of labs, also such as were left half made.
    package static func all(labs: String) throws -> [LabFolder] {
        try Files.list(labs).compactMap { try? LabFolder(labs: labs, name: $0) }.filter { Files.exists($0.ledger) }
    }

    package var name: String { Path.name(path) }
    var planPath: String { "\(path)/lab.json" }
    package var ledger: String { "\(path)/ledger" }
    /// What holds the network of the lab.
    var switchProcess: String { "\(path)/switch" }
    /// Does nothing, and so keeps the network namespace of the bridge.
    var pauseProgram: String { "\(path)/pause" }
    var machines: String { "\(path)/machines" }
    var lock: String { "\(path)/lock" }

    func machine(_ plan: MachinePlan) -> MachineFolder { MachineFolder(path: "\(machines)/\(plan.hostname)") }

    /// Holds all processes of the lab, in every hierarchy. Two labs in different folders do not share one.
    var cgroup: String { "/apus-lab" + Path.components(path).map { "-\($0)" }.joined() }

    /// No hostname begins so.
    var networkCgroup: String { "\(cgroup)/-network" }

    func cgroup(of machine: MachinePlan) -> String { "\(cgroup)/\(machine.hostname)" }

    /// The lab that is kept here.
    ///
    /// - Throws: ``LabError`` when there is none.
    package func plan() throws -> LabPlan {
        guard let bytes = try Files.read(planPath) else {
            if Files.exists(ledger) { throw LabError("the lab in \(path) was not made to its end; remove it with apus lab down") }
            throw LabError("there is no lab in \(path). Start one: apus lab up")
        }
        guard let json = try? JSONValue(parsing: bytes), let plan = LabPlan(json) else {
            throw LabError("\(planPath) can't be read; remove the lab with apus lab down")
        }
        return plan
    }

    func write(_ plan: LabPlan) throws {
        try Files.writeAtomically(planPath, plan.json.serialized(pretty: true))
    }
}

/// Where the things of one machine are kept.
struct MachineFolder: Sendable {
    let path: String

    /// What becomes the machine's `/`.
    var disk: String { "\(path)/disk" }
    /// What the machine has changed of a folder that it shares with others.
    func upper(_ tree: String) -> String { "\(path)/upper/\(Self.flat(tree))" }
    /// The kernel's place beside it.
    func workdir(_ tree: String) -> String { "\(path)/workdir/\(Self.flat(tree))" }
    /// Its process 1, as `ProcessHandle` writes it.
    var process: String { "\(path)/process" }
    /// What its process 1 and its service scripts say.
    var console: String { "\(path)/console.log" }
    /// How its cable is.
    var cable: String { "\(path)/cable.json" }

    private static func flat(_ tree: String) -> String { Path.components(tree).joined(separator: "-") }

    /// Its process 1; nil when it is off.
    var running: ProcessHandle? { (try? Files.readText(process)).flatMap { $0 }.flatMap { ProcessHandle(text: $0) } }
}
