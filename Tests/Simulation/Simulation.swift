import APIServer
import ControllerManager
import KubernetesClient
import Scheduler
import Storage
import Synchronization

/// One run: a cluster that people use and that things go wrong in, and that must be well at the end.
struct Simulation {
    let seed: UInt64
    let isVerbose: Bool

    struct Outcome {
        var failures: [String]
        var lastLines: [String]
        /// Two runs of one seed have the same.
        var sum: String
        /// How much time passed in the simulated world.
        var duration: Duration
    }

    private static let nodeNames = ["node-a", "node-b", "node-c"]
    /// How long people work and things go wrong.
    private static let troubleSeconds = 300.0
    /// What is written within this time means that the system is not at rest.
    private static let rest = Duration.seconds(600)
    private static let restWithin = Duration.seconds(3600)

    func run() -> Outcome {
        let world = World(seed: seed, isVerbose: isVerbose, nodeNames: Self.nodeNames)
        let dice = world.dice
        let isDone = Flag()
        return RandomSource.$current.withValue(RandomSource { dice.word() }) {
            Task { [self] in
                await live(world)
                isDone.raise()
            }
            let ended = SeededExecutor.shared.run(
                seed: seed, until: { isDone.isUp }, pass: { world.clock.pass() })
            if !ended { world.trace.violated("everybody waits, and nothing will come") }
            let outcome = Outcome(
                failures: world.trace.failures, lastLines: world.trace.lastLines, sum: world.trace.sum, duration: world.clock.uptime)
            tearDown(world)
            return outcome
        }
    }

    private func live(_ world: World) async {
        let form = Workload.Form.allCases[Int(seed % UInt64(Workload.Form.allCases.count))]
        world.trace.note("seed \(seed): \(form)")
        await world.startServer()
        let components = [controllerManager(world), scheduler(world)]
        let nodes = Self.nodeNames.map { name -> (node: FakeNode, kubelet: Process) in
            let node = FakeNode(name, world)
            return (
                node,
                Process("kubelet \(name)", world) { process, life in
                    while !node.isUp { try await world.time.sleep(.seconds(1)) }
                    try await node.run(process, life: life)
                }
            )
        }
        world.keep(components + nodes.map(\.kubelet))
        for process in components + nodes.map(\.kubelet) { process.start() }
        let watchers = Watchers(world, form)
        guard let handle = try? watchers.begin() else { return world.trace.violated("the store cannot be watched") }
        defer { handle.cancel() }
        let workload = Workload(world, form)
        await workload.begin()
        await world.sleep(.seconds(60))

        let mischief = Mischief(world: world, form: form, components: components, nodes: nodes)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await repeatedly(world, pause: 1...12) { await workload.act() } }
            group.addTask { await repeatedly(world, pause: 2...40) { await mischief.strike() } }
        }
        // What is under way heals; then nothing goes wrong any more.
        await world.sleep(.seconds(550))
        world.faults.store(false, ordering: .relaxed)
        for (node, kubelet) in nodes where !node.isUp {
            node.getPower()
            kubelet.start()
        }
        await workload.finish()
        world.trace.note("nothing goes wrong from now on")
        await comeToRest(world, watchers)
    }

    private func repeatedly(_ world: World, pause: ClosedRange<Double>, _ body: () async -> Void) async {
        let end = world.clock.uptime + .seconds(Self.troubleSeconds)
        while world.clock.uptime < end {
            await world.sleep(world.dice.seconds(pause))
            await body()
        }
    }

    private func comeToRest(_ world: World, _ watchers: Watchers) async {
        let deadline = world.clock.uptime + Self.restWithin
        while true {
            let last = watchers.lastWrite
            let quiet = world.clock.uptime - last.time
            if quiet >= Self.rest { break }
            if world.clock.uptime > deadline { return world.trace.violated("it does not come to rest: \(last.key) was written last") }
            await world.sleep(Self.rest - quiet + .seconds(1))
        }
        do {
            try await RestCheck(world).run()
        } catch {
            world.trace.violated("the store cannot be read: \(error)")
        }
    }

    private func controllerManager(_ world: World) -> Process {
        Process("controller manager", world) { process, life in
            var settings = ControllerManagerConfiguration(podRanges: nil, rootCA: "")
            settings.selection = ControllerSelection()
            let manager = ControllerManager(
                client: process.client(life, as: UserInfo(name: "system:kube-controller-manager")), configuration: settings,
                clientOfAccount: { process.client(life, as: .serviceAccount(namespace: ControllerAccounts.namespace, name: $0)) },
                time: world.time, logger: world.logger)
            try await manager.run()
        }
    }

    private func scheduler(_ world: World) -> Process {
        Process("scheduler", world) { process, life in
            let client = process.client(life, as: UserInfo(name: "system:kube-scheduler"))
            let informers = InformerFactory(client: client, time: world.time, logger: world.logger)
            var configuration = SchedulerConfiguration()
            configuration.time = world.time
            let scheduler = Scheduler(client: client, informers: informers, configuration: configuration, logger: world.logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await informers.run() }
                group.addTask { try await scheduler.run() }
                try await group.waitForAll()
            }
        }
    }

    /// Ends what the run has begun, so that the next begins with nothing.
    private func tearDown(_ world: World) {
        let isOver = Flag()
        Task {
            await world.end()
            isOver.raise()
        }
        SeededExecutor.shared.drain(until: { isOver.isUp })
    }
}

/// Goes up once.
private final class Flag: Sendable {
    private let state = Atomic<Bool>(false)
    var isUp: Bool { state.load(ordering: .relaxed) }
    func raise() { state.store(true, ordering: .relaxed) }
}
