import ArgumentParser
import Glibc
import JSON
import Linux
import NIOCore

/// Puts measured loads on a cluster that runs on this machine, and shows beside them what an empty server does under the same loads.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load", abstract: "Load a cluster on this machine and print a table of what it does. Use scripts/bench, which makes one.")

    @Option(help: "The administrator's kubeconfig.")
    var kubeconfig: String

    @Option(help: "The server's process.")
    var pid: Int32

    @Option(help: "How many seconds it took from the binary to a Ready node; measured by the caller.")
    var ready: Double?

    @Option(help: "How many seconds it took from the binary to the demo application's answer; measured by the caller.")
    var answering: Double?

    @Option(help: "The number of pods to create, to list and to schedule.")
    var pods = 3_000

    @Option(help: "The number of nodes without a kubelet to schedule on.")
    var nodes = 1_000

    @Option(help: "The number of pods of the deployment that is made, rolled and deleted.")
    var replicas = 5_000

    @Option(help: "The number of clients that update one object before many watchers.")
    var writers = 16

    @Option(help: "Only these works, with commas between them: start, configmaps, watch, pods, scheduling, rollout, and limits, which must be named.")
    var only: String?

    @Option(help: "For limits: how many pods there are at a time.")
    var limitPods = 150_000

    private func includes(_ work: String) -> Bool {
        only.map { $0.split(separator: ",").contains { $0 == work } } ?? true
    }

    func validate() throws {
        guard pid > 0 else { throw ValidationError("--pid must be a process") }
        guard (1...100_000).contains(pods), (1...10_000).contains(nodes) else {
            throw ValidationError("--pods must be 1 to 100000 and --nodes 1 to 10000")
        }
        guard (1...8_000).contains(replicas) else { throw ValidationError("--replicas must be 1 to 8000") }
        guard (1...1_000_000).contains(limitPods) else { throw ValidationError("--limit-pods must be 1 to 1000000") }
        guard (1...1_000).contains(writers) else { throw ValidationError("--writers must be 1 to 1000") }
    }

    func run() async throws {
        do {
            let table = try await measure()
            Bench.say("")
            print(table.text)
        } catch {
            Bench.say("benchmarks load: \(error)")
            throw ExitCode.failure
        }
    }

    private func measure() async throws -> Table {
        // Says how far the figures can be trusted that have no ceiling beside them.
        let busy = try Files.readText("/proc/loadavg").flatMap { $0.split(separator: " ").first }.map(String.init) ?? "?"
        let process = MeasuredProcess(pid: pid)
        let bench = try await Bench(server: Server(kubeconfig: kubeconfig), process: process)
        var table = Table(against: "ceiling")
        if let ready { table.add(.init(work: "from the binary to a Ready node, first start", ours: Figures.seconds(ready), aim: "3 s")) }
        if let answering {
            table.add(.init(work: "from the binary to the demo application's answer", ours: Figures.seconds(answering), aim: "6 s"))
        }
        table.add(.init(work: "load average of the machine when this began, \(System.coreCount) cores", ours: busy))
        try await process.settle()
        table.add(.init(work: "memory, one node, three pods running", ours: Figures.megabytes(try process.memory()), aim: "60 MB"))

        let image = try await prepare(bench)
        // Those that want a quiet machine first; the one that leaves the most behind last.
        var rows: [Table.Row] = []
        if includes("start") { rows += try await PodStartWork(image: image).run(bench) }
        if includes("configmaps") { rows += try await ConfigMapWork().run(bench) }
        if includes("watch") { rows += try await WatchWork(writers: writers).run(bench) }
        if includes("pods") { rows += try await PodWork(pods: pods).run(bench) }
        if includes("scheduling") { rows += try await SchedulingWork(nodes: nodes, pods: pods).run(bench) }
        if includes("rollout") { rows += try await RolloutWork(replicas: replicas).run(bench) }
        if only != nil, includes("limits") { rows += try await LimitsWork(pods: limitPods).run(bench) }
        for row in rows { table.add(row) }
        table.add(.init(work: "memory after all that", ours: Figures.megabytes(try process.memory())))
        try await bench.close()
        return table
    }

    /// Makes the namespace, and finds the demo application's image.
    private func prepare(_ bench: Bench) async throws -> String {
        let line = bench.lines[0]
        try await bench.makeNamespace()
        let demo = try await WholeAnswer.ask(.get("/apis/apps/v1/namespaces/default/deployments/hello"), on: line)
        guard let image = demo["spec"]?["template"]?["spec"]?["containers"]?[0]?["image"]?.stringValue else {
            throw LoadError.unusable("the demo application has no image")
        }
        // Pods need the service account that a controller makes in every namespace.
        let account = "/api/v1/namespaces/\(Bench.namespace)/serviceaccounts?fieldSelector=metadata.name%3Ddefault"
        for _ in 0..<200 {
            if try await WholeAnswer.ask(.get(account), on: line)["items"]?[0] != nil { return image }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw LoadError.notInTime("the default service account of namespace \(Bench.namespace)")
    }
}
