import ArgumentParser
import Glibc
import KubernetesClient
import NIOCore
import TaskHooks

/// Runs whole clusters in a world of their own, with things going wrong, and checks what must hold.
@main
struct SimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation", abstract: "Simulates clusters in which things go wrong, and checks that what must hold does.",
        discussion: "A failure prints its seed; --seed SEED --verbose runs it again, step by step the same.")

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many runs, for this seed and those that follow.")
    var runs: UInt64 = 1

    @Option(help: "Begin no further run after so many seconds; 0: all runs.")
    var seconds: Int64 = 0

    @Flag(help: "Print what happens.")
    var verbose = false

    @Option(help: "How many runs at a time, each in a process of its own.")
    var parallel = System.coreCount

    func validate() throws {
        guard runs >= 1, seconds >= 0, parallel >= 1 else { throw ValidationError("--runs and --parallel must be 1 or more, --seconds 0 or more") }
    }

    func run() throws {
        try Sameness.ensure()
        if runs == 1 { return try runOne() }
        let time = TimeSource.system
        let begin = time.uptime()
        var children = Children()
        var upcoming = seed
        let end = seed.addingReportingOverflow(runs)
        while upcoming < (end.overflow ? UInt64.max : end.partialValue) || !children.isEmpty {
            let isOver = seconds > 0 && time.uptime() - begin > .seconds(seconds)
            if !isOver, upcoming < end.partialValue, children.count < parallel {
                try children.start(seed: upcoming)
                upcoming += 1
            } else if !children.waitForOne() {
                break
            }
        }
        say("\(children.ended) runs in \(Int((time.uptime() - begin).secondsValue)) s; failed: \(children.failed.sorted())")
        if !children.failed.isEmpty { throw ExitCode.failure }
    }

    /// In this process, which has nothing behind it: then the run is the same each time.
    private func runOne() throws {
        SeededExecutor.shared.install()
        let outcome = Simulation(seed: seed, isVerbose: verbose).run()
        if verbose { say("seed \(seed): sum \(outcome.sum), \(Int(outcome.duration.secondsValue)) s of simulated time") }
        guard !outcome.failures.isEmpty else { return }
        if !verbose { for line in outcome.lastLines { say("    seed \(seed) \(line)") } }
        for failure in outcome.failures { say("seed \(seed): \(failure)") }
        throw ExitCode.failure
    }
}

/// The runs that are under way.
private struct Children {
    private var seeds: [pid_t: UInt64] = [:]
    private(set) var ended = 0
    private(set) var failed: [UInt64] = []

    var isEmpty: Bool { seeds.isEmpty }
    var count: Int { seeds.count }

    mutating func start(seed: UInt64) throws {
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = ["simulation", "--seed", "\(seed)"].map { (text: String) in strdup(text) }
        var environment: [UnsafeMutablePointer<CChar>?] = [strdup("\(Sameness.variable)=1")]
        defer { for text in arguments + environment { free(text) } }
        arguments.append(nil)
        environment.append(nil)
        let error = posix_spawn(&child, "/proc/self/exe", nil, nil, arguments, environment)
        guard error == 0 else { throw ValidationError("cannot start a run: \(String(cString: strerror(error)))") }
        seeds[child] = seed
    }

    /// - Returns: false when none is under way.
    mutating func waitForOne() -> Bool {
        var status: Int32 = 0
        let child = waitpid(-1, &status, 0)
        guard child > 0, let seed = seeds.removeValue(forKey: child) else { return !seeds.isEmpty && errno == EINTR }
        ended += 1
        if status != 0 { failed.append(seed) }
        return true
    }
}

/// What the order of things may depend on beside the seed, taken away by starting anew; processes that this one starts inherit it.
enum Sameness {
    static let variable = "SWIFT_DETERMINISTIC_HASHING"

    static func ensure() throws {
        if getenv(variable) != nil { return }
        setenv(variable, "1", 1)
        guard keepAddressesTheSame() == 0 else { throw ValidationError("the system gives other addresses each time") }
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        throw ValidationError("cannot start anew: \(String(cString: strerror(errno)))")
    }
}
