import ArgumentParser
import Glibc
import KubernetesClient
import TaskHooks

/// Runs whole clusters in a world of their own, with things going wrong, and checks what must hold.
@main
struct SimulationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulation", abstract: "Simulates clusters in which things go wrong, and checks that what must hold does.",
        discussion: "A failure prints its seed; --seed SEED --verbose runs it again, step by step the same.")

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "How many runs, one seed after the other.")
    var runs: UInt64 = 1

    @Option(help: "Begin no further run after so many seconds; 0: all runs.")
    var seconds: Int64 = 0

    @Flag(help: "Print what happens.")
    var verbose = false

    @Flag(help: "Run each seed twice, and fail when the second run differs.")
    var twice = false

    func run() throws {
        try Sameness.ensure()
        SeededExecutor.shared.install()
        let time = TimeSource.system
        let begin = time.uptime()
        var failed: [UInt64] = []
        var count: UInt64 = 0
        var simulated = Duration.zero
        for seed in seed..<(seed &+ max(1, runs)) {
            if seconds > 0, time.uptime() - begin > .seconds(seconds) { break }
            let outcome = Simulation(seed: seed, isVerbose: verbose).run()
            count += 1
            simulated += outcome.duration
            if verbose { say("seed \(seed): sum \(outcome.sum)") }
            if twice {
                let again = Simulation(seed: seed, isVerbose: false).run()
                if again.sum != outcome.sum { say("seed \(seed) went another way the second time: \(outcome.sum), \(again.sum)") }
            }
            guard !outcome.failures.isEmpty else { continue }
            failed.append(seed)
            if !verbose { for line in outcome.lastLines { say("    \(line)") } }
            for failure in outcome.failures { say("seed \(seed): \(failure)") }
        }
        say("\(count) runs, \(Int(simulated.secondsValue)) simulated seconds in \(Int((time.uptime() - begin).secondsValue)); failed: \(failed)")
        if !failed.isEmpty { throw ExitCode.failure }
    }
}

/// What the order of things in one process may depend on beside the seed, taken away by starting anew.
enum Sameness {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

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
