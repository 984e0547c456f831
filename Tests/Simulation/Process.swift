import APIServer
import ControllerManager
import KubernetesClient
import Scheduler
import Synchronization

/// A program that can crash between any two of its writes and is started anew then.
final class Process: Sendable {
    private struct State {
        /// Counts the starts; requests of an earlier life have no effect and no answer.
        var life = 0
        var isAlive = false
        /// The writes that are still made before the crash; nil: none is due.
        var writesLeft: Int?
        var task: Task<Void, Never>?
    }

    /// What a request may do.
    enum Verdict { case goes, diesBefore, diesAfter, isDead }

    let name: String
    private let world: World
    private let body: @Sendable (Process, Int) async throws -> Void
    private let state = Mutex(State())

    /// - Parameter body: runs the program; its second argument is the number of its life.
    init(_ name: String, _ world: World, _ body: @escaping @Sendable (Process, Int) async throws -> Void) {
        self.name = name
        self.world = world
        self.body = body
    }

    func start() {
        state.withLock { state in
            guard !state.isAlive else { return }
            state.life += 1
            state.isAlive = true
            state.writesLeft = nil
            let life = state.life
            state.task = Task { [self] in
                do {
                    try await body(self, life)
                } catch {
                    world.trace.note("\(name) ended: \(error)")
                }
            }
        }
    }

    /// Makes it crash after so many more writes.
    func crash(afterWrites count: Int) {
        state.withLock { if $0.isAlive { $0.writesLeft = count } }
    }

    func kill() {
        let task = state.withLock { state in
            state.isAlive = false
            defer { state.task = nil }
            return state.task
        }
        task?.cancel()
    }

    func lives(_ life: Int) -> Bool { state.withLock { $0.isAlive && $0.life == life } }

    /// Asked before each write.
    func writes(_ life: Int) -> Verdict {
        let verdict = state.withLock { state -> Verdict in
            guard state.isAlive, state.life == life else { return .isDead }
            guard let left = state.writesLeft else { return .goes }
            if left > 0 {
                state.writesLeft = left - 1
                return .goes
            }
            return world.dice.once(in: 2) ? .diesBefore : .diesAfter
        }
        return verdict
    }

    /// Dies by the plan, and comes back after a while.
    func die() {
        kill()
        world.trace.note("\(name) crashes")
        let pause = world.dice.seconds(0.1...20)
        Task {
            await world.sleep(pause)
            start()
        }
    }

    func client(_ life: Int, as user: UserInfo) -> Client {
        Client(transport: FaultyTransport(world: world, process: (self, life), user: user), userAgent: name, time: world.time)
    }
}
