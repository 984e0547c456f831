import ArgumentParser
import KubernetesClient
import Lab
import Linux

struct LabUpCommand: LabSubcommand {
    static let configuration = CommandConfiguration(commandName: "up", abstract: "Make a lab and start its machines.")

    @OptionGroup var lab: LabOptions

    @Option(help: "How many machines beside the first, which becomes the control plane.")
    var workers = 2

    @Option(help: "The machines' hostnames, separated by commas, that of the control plane first; Master, WorkNode1, ... if not given.")
    var hostnames: String?

    @Option(help: "The addresses of the lab.")
    var subnet = "10.0.2.0/24"

    @Flag(help: "Machines without a cluster on them.")
    var bare = false

    func work() async throws {
        guard let range = Subnet(subnet) else {
            throw LabError(
                "--subnet \(subnet) is not a range of addresses for machines: write it like 10.0.2.0/24, at least 8 and at most 29 bits")
        }
        guard (0...200).contains(workers) else { throw LabError("--workers \(workers) must be 0 to 200") }
        let names = hostnames.map { $0.split(separator: ",").map(String.init) } ?? LabPlan.hostnames(workers: workers)
        var random = SystemRandomNumberGenerator()
        let plan = try LabPlan(name: lab.name, subnet: range, hostnames: names, isBare: bare, using: &random)
        if !bare { try LabCluster.check() }
        let began = ContinuousClock.now
        let laboratory = try lab.laboratory()
        let report: Laboratory.Report = { step, duration, detail in
            Terminal.step(step, seconds: duration.secondsValue, detail)
        }
        try await laboratory.make(plan, report: report)
        if !bare { try await LabCluster(laboratory, plan).make(report: report) }
        Terminal.say(
            """

            The lab \(plan.name) is up after \(Terminal.seconds(began.duration(to: .now).secondsValue)). To use it:

              apus lab list
              apus lab shell \(plan.machines[0].hostname)\(bare ? "" : "\n  apus lab exec \(plan.machines[0].hostname) -- kubectl get nodes")
            """)
    }
}
