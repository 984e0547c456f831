import ArgumentParser

/// Shows how the cost of requests goes with the number of objects.
struct GrowthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "growth", abstract: "Fill a cluster on this machine with ever more objects and print what requests cost then.")

    @Option(help: "The administrator's kubeconfig.")
    var kubeconfig: String

    @Option(help: "The server's process.")
    var pid: Int32

    @Option(help: "The numbers of objects, with commas between them.")
    var sizes = "100,1000,10000,50000"

    func validate() throws {
        guard pid > 0 else { throw ValidationError("--pid must be a process") }
        let parts = sizes.split(separator: ",").map { Int($0) }
        guard !parts.isEmpty, parts.allSatisfy({ $0.map { (1...1_000_000).contains($0) } == true }) else {
            throw ValidationError("--sizes must be numbers of 1 to 1000000, with commas between them")
        }
    }

    func run() async throws {
        do {
            let bench = try await Bench(server: Server(kubeconfig: kubeconfig), process: MeasuredProcess(pid: pid))
            try await bench.makeNamespace()
            let grid = try await GrowthWork(sizes: sizes.split(separator: ",").compactMap { Int($0) }).run(bench)
            try await bench.close()
            Bench.say("")
            print(grid.text)
        } catch {
            Bench.say("benchmarks growth: \(error)")
            throw ExitCode.failure
        }
    }
}
