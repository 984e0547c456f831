import APIServer
import KubernetesClient

/// What goes wrong, as the dice fall.
struct Mischief: Sendable {
    let world: World
    let form: Workload.Form
    let components: [Process]
    let nodes: [(node: FakeNode, kubelet: Process)]

    /// One misfortune, which heals by itself.
    func strike() async {
        let dice = world.dice
        switch dice.number(1...(form == .everything ? 10 : 7)) {
        case 1...3: dice.one(of: components)?.crash(afterWrites: dice.number(0...15))
        case 4: dice.one(of: nodes)?.kubelet.crash(afterWrites: dice.number(0...5))
        case 5: await crashServer()
        case 6: await fill()
        case 7: try? await world.store.compact(to: world.store.currentRevision)
        case 8...9: powerCut()
        default: dice.one(of: components)?.crash(afterWrites: 0)
        }
    }

    private func crashServer() async {
        guard let run = world.killServer() else { return }
        world.trace.note("API server crashes")
        world.retire(run)
        await world.sleep(world.dice.seconds(0.1...10))
        await world.startServer()
    }

    private func fill() async {
        world.trace.note("the store is full")
        world.store.set(full: true)
        await world.sleep(world.dice.seconds(0.5...10))
        world.store.set(full: false)
        world.trace.note("the store has room")
    }

    private func powerCut() {
        guard let (node, kubelet) = world.dice.one(of: nodes), node.isUp else { return }
        world.trace.note("\(node.name) loses power")
        kubelet.kill()
        node.losePower()
        let pause = world.dice.seconds(5...500)
        Task {
            await world.sleep(pause)
            node.getPower()
            kubelet.start()
            world.trace.note("\(node.name) has power")
        }
    }
}
