import ContainerRuntime
import Glibc
import Linux
import Synchronization
import Testing

@Suite(.disabled(if: RuntimeFixture.obstacle != nil, "\(RuntimeFixture.obstacle ?? "")"), .serialized)
struct ContainerdTests {
    @Test(.timeLimit(.minutes(3)))
    func aPodOutlivesContainerdAndNothingIsLeftAfterIt() async throws {
        let fixture = try await RuntimeFixture()
        let heard = Events()
        do {
            try await fixture.supervisor.start()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await fixture.client.run() }
                group.addTask { try await fixture.supervisor.run() }
                group.addTask { await fixture.client.listen { heard.add($0) } }
                try await exercise(fixture, heard)
                group.cancelAll()
            }
        } catch {
            Issue.record(error)
            if let log = try? Files.readText(fixture.supervisor.configuration.logPath) {
                Issue.record("\(log.split(separator: "\n").suffix(20).joined(separator: "\n"))")
            }
        }
        let left = try await fixture.remove()
        #expect(left.isEmpty, "\(left)")
    }

    private func exercise(_ fixture: RuntimeFixture, _ heard: Events) async throws {
        let client = fixture.client
        try await fixture.importImages()
        try await fixture.importImages()

        let sandboxConfig = fixture.sandboxConfig("web")
        let sandbox = try await client.runPodSandbox(sandboxConfig, runtimeHandler: "")
        let address = try await client.podSandboxStatus(sandbox, verbose: false).status.network.ip
        #expect(address.hasPrefix("10.213.0."))
        let tables = try await Command(["nft", "list", "ruleset"], networkNamespace: fixture.namespacePath).run().outputText
        #expect(tables.contains("dnat to \(address):80"), "the host port")
        let container = try await client.createContainer(
            fixture.containerConfig("main", script: "echo started; trap 'exit 7' TERM; while :; do sleep 0.1; done"), in: sandbox,
            sandboxConfig: sandboxConfig)
        try await client.startContainer(container)
        let answer = try await client.execSync(container, command: ["cat", "/etc/passwd"], timeout: 10)
        #expect(answer.exitCode == 0)
        #expect(String(decoding: answer.stdout, as: UTF8.self).hasPrefix("root:"))
        try await heard.wait { $0.contains { if case .started(container, _) = $0 { true } else { false } } }
        let pid = try #require(heard.pid(of: container))
        let process = try #require(ProcessHandle(pid: pid))

        // The first containerd dies; its supervisor brings the next one up and the same connection finds it.
        let first = try #require(fixture.supervisor.current)
        first.signal(SIGKILL)
        let second = try await fixture.supervisor.running(after: first)
        try await client.waitUntilConnected()
        #expect(try await client.containerStatus(container, verbose: false).status.state == .containerRunning)
        #expect(process.isRunning)
        #expect(try await client.execSync(container, command: ["cat", "/etc/group"], timeout: 10).exitCode == 0)

        // Another life of the supervisor takes the same containerd over.
        let next = ContainerdSupervisor(configuration: fixture.supervisor.configuration, ledger: fixture.ledger, logger: fixture.logger)
        try await next.start()
        #expect(next.current == second)

        try await client.stopContainer(container, gracePeriod: 10)
        #expect(try await client.containerStatus(container, verbose: false).status.exitCode == 7)
        try await heard.wait { $0.contains { if case .exited(container, 7, _) = $0 { true } else { false } } }
        #expect(try Files.readText("\(fixture.folder)/pods/web/main/0.log")?.hasSuffix("stdout F started") == true)

        await #expect { try await client.startContainer("no-such-container") } throws: {
            ($0 as? ContainerRuntimeError)?.isNotFound == true && "\($0)".contains("StartContainer of no-such-container")
        }
        #expect(try await client.imageStatus(.make { $0.image = "apus.test/none:1" }) == nil)
    }

    @Test func aBrokenSetUpSaysWhy() async throws {
        let fixture = try await RuntimeFixture()
        let configuration = fixture.supervisor.configuration
        try Files.makeDirectory(configuration.folder)
        // A folder where containerd wants a file.
        try Files.makeDirectory("\(configuration.rootFolder)/io.containerd.metadata.v1.bolt/meta.db")
        let supervisor = ContainerdSupervisor(configuration: configuration, ledger: fixture.ledger, logger: fixture.logger)
        await #expect { try await supervisor.start() } throws: {
            "\($0)".contains("failed to load plugin") && "\($0)".contains(configuration.logPath)
        }
        let left = try await fixture.remove()
        #expect(left.isEmpty, "\(left)")
    }
}

/// The events heard so far.
private final class Events: Sendable {
    private let state = Mutex<(events: [RuntimeEvent], waiters: [CheckedContinuation<Void, Never>])>(([], []))

    func add(_ event: RuntimeEvent) {
        let waiters = state.withLock { state in
            state.events.append(event)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait(until isDone: ([RuntimeEvent]) -> Bool) async throws {
        while true {
            let count = state.withLock { $0.events.count }
            if isDone(state.withLock { $0.events }) { return }
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    if state.events.count > count { return true }
                    state.waiters.append(continuation)
                    return false
                }
                if isLate { continuation.resume() }
            }
        }
    }

    func pid(of id: String) -> Int32? {
        state.withLock { state in
            for case .started(id, let pid) in state.events { return Int32(clamping: pid) }
            return nil
        }
    }
}
