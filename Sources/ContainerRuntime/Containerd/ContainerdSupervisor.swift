import Glibc
package import Linux
package import Logging
import ServiceLifecycle
import Synchronization

/// Keeps a containerd of our own running.
///
/// containerd lives in a session of its own, so that our end, however sudden, leaves it and every container running; the next life finds
/// it again by its pid file. When it dies it is started again, and its containers live on meanwhile under their shims. Only
/// ``tearDown()`` ends it.
package final class ContainerdSupervisor: Service {
    package struct Failure: Error, CustomStringConvertible {
        package var description: String
    }

    package let configuration: ContainerdConfiguration
    let ledger: Ledger
    let logger: Logger
    private let state = Mutex(State())

    private struct State {
        var current: ProcessHandle?
        var waiters: [Int: (previous: ProcessHandle?, continuation: CheckedContinuation<ProcessHandle?, Never>)] = [:]
        var nextWaiter = 0
    }

    /// From start to the first answer; longer means that something is wrong.
    static let startTimeMax: Duration = .seconds(30)
    /// Pauses before containerd is started again after a death.
    static let restartPauses: (first: Duration, max: Duration) = (.milliseconds(50), .seconds(10))

    package init(configuration: ContainerdConfiguration, ledger: Ledger, logger: Logger) {
        self.configuration = configuration
        self.ledger = ledger
        self.logger = logger
    }

    /// The running containerd; nil before ``start()`` and while it is away.
    package var current: ProcessHandle? { state.withLock { $0.current } }

    /// The containerd that runs and is not `previous`, as soon as there is one. Throws `CancellationError` when the task is cancelled first.
    package func running(after previous: ProcessHandle? = nil) async throws -> ProcessHandle {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let found = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: ProcessHandle?? = state.withLock { state in
                    if let current = state.current, current != previous { return .some(current) }
                    if Task.isCancelled { return .some(nil) }
                    state.waiters[id] = (previous, continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.continuation.resume(returning: nil)
        }
        guard let found else { throw CancellationError() }
        return found
    }

    private func note(_ running: ProcessHandle?) {
        let woken = state.withLock { state in
            state.current = running
            guard let running else { return [CheckedContinuation<ProcessHandle?, Never>]() }
            let ready = state.waiters.filter { $0.value.previous != running }
            for id in ready.keys { state.waiters[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume(returning: running) }
    }

    /// Takes over the containerd of an earlier life or starts one, and returns when it answers as a CRI runtime.
    package func start() async throws {
        try makeFolders()
        let text = configuration.text
        let isChanged = try Files.readText(configuration.configurationPath).map { $0 + "\n" } != text
        if isChanged { try Files.writeAtomically(configuration.configurationPath, text) }
        if let running = try earlier() {
            if !isChanged, await answer(within: .seconds(10), of: running) == .ready {
                note(running)
                logger.info("took over the running containerd", metadata: ["pid": "\(running.pid)"])
                return
            }
            logger.info(
                "restarting the running containerd",
                metadata: ["pid": "\(running.pid)", "reason": isChanged ? "its configuration has changed" : "it does not answer"])
            try await running.stop(grace: .seconds(10))
        }
        try await launch()
    }

    /// ``start()``s unless that was done, then starts containerd again whenever it ends, until the service is asked to stop. containerd is
    /// left running then.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                if self.current == nil { try await self.start() }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await self.keepRunning() }
                    group.addTask { try await self.rotateLog() }
                    try await group.waitForAll()
                }
            } catch is CancellationError {
                // The ordinary end.
            }
        }
    }

    private func keepRunning() async throws {
        var pause = Self.restartPauses.first
        while true {
            if let running = current {
                let since = ContinuousClock.now
                let code = try await running.waitForEnd()
                note(nil)
                if since.duration(to: .now) > .seconds(30) { pause = Self.restartPauses.first }
                logger.error(
                    "containerd has ended and is started again; containers keep running",
                    metadata: ["pid": "\(running.pid)", "exitCode": code.map { "\($0)" } ?? "unknown", "log": "\(configuration.logPath)"])
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Self.restartPauses.max)
            do {
                try await launch()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error("containerd does not start", metadata: ["error": "\(error)"])
            }
        }
    }

    private func makeFolders() throws {
        let configuration = configuration
        for folder in [configuration.folder, configuration.rootFolder, configuration.stateFolder] {
            try Files.makeDirectory(folder, mode: 0o711)
        }
        try Files.makeDirectory("\(configuration.dataFolder)/logs")
        for folder in [configuration.registriesFolder, configuration.cniConfigurationFolder] { try Files.makeDirectory(folder) }
        // Fixed in containerd's shims and in the CNI library.
        for folder in ["/run/containerd", "/run/containerd/s", "/run/containerd/fifo", "/var/lib/cni", "/var/lib/cni/results"] {
            if !Files.exists(folder) { try ledger.record(.directory(folder)) }
        }
    }

    /// The containerd that an earlier life of ours started, if it still runs.
    private func earlier() throws -> ProcessHandle? {
        guard let text = try Files.readText(configuration.pidPath), let handle = ProcessHandle(text: text),
            handle.commandLine.contains(configuration.configurationPath)
        else { return nil }
        return handle
    }

    private func launch() async throws {
        unlink(configuration.socketPath)
        let handle = try Spawn.daemon(
            ["containerd", "--config", configuration.configurationPath], log: configuration.logPath,
            networkNamespace: configuration.networkNamespace)
        try Files.writeAtomically(configuration.pidPath, handle.text)
        let answer = await answer(within: Self.startTimeMax, of: handle)
        if answer != .ready {
            try Task.checkCancellation()
            let reason = await describe(answer, of: handle)
            try await handle.stop(grace: .seconds(2))
            throw Failure(description: "\(reason) (its log is \(configuration.logPath))")
        }
        note(handle)
        logger.info("containerd runs", metadata: ["pid": "\(handle.pid)", "socket": "\(configuration.socketPath)"])
    }

    private enum Answer: Sendable, Equatable {
        case ready
        case ended
        /// It answers, but its CRI plug-in could not be loaded.
        case withoutCRI
        case none
    }

    /// What comes of waiting for the runtime to be ready, at most for `limit`.
    private func answer(within limit: Duration, of handle: ProcessHandle) async -> Answer {
        do {
            let client = try RuntimeClient(endpoint: configuration.endpoint, logger: logger)
            let end = ContinuousClock.now + limit
            return try await client.whileConnected {
                while ContinuousClock.now < end {
                    if !handle.isRunning { return .ended }
                    do {
                        let conditions = try await client.status(verbose: false).status.conditions
                        if conditions.contains(where: { $0.type == "RuntimeReady" && $0.status }) { return .ready }
                    } catch let error as ContainerRuntimeError where error.isUnimplemented {
                        return .withoutCRI
                    } catch is ContainerRuntimeError {
                        // Not yet.
                    }
                    // There is no event to wait for: the socket appears before the runtime behind it is ready.
                    try await Task.sleep(for: .milliseconds(20))
                }
                return .none
            }
        } catch {
            return .none
        }
    }

    private func describe(_ answer: Answer, of handle: ProcessHandle) async -> String {
        let log = ((try? Files.readText(configuration.logPath)) ?? "").split(separator: "\n")
        switch answer {
        case .ready, .none:
            return "containerd does not answer on \(configuration.socketPath)"
        case .ended:
            let code = (try? await handle.waitForEnd()).flatMap { $0 }
            return "containerd ended at its start\(code.map { " with exit code \($0)" } ?? ""): \(log.last ?? "it wrote no log")"
        case .withoutCRI:
            return "containerd runs without its CRI plug-in: \(log.last { $0.contains("failed to load plugin") } ?? "it does not say why")"
        }
    }

    /// containerd holds its log open for appending, so the old content is copied aside and the file emptied.
    private func rotateLog() async throws {
        while true {
            try await Task.sleep(for: .seconds(60))
            var info = stat()
            guard stat(configuration.logPath, &info) == 0, info.st_size > configuration.logBytesMax else { continue }
            do {
                if let bytes = try Files.read(configuration.logPath) { try Files.writeAtomically("\(configuration.logPath).1", bytes, mode: 0o640) }
                truncate(configuration.logPath, 0)
            } catch {
                logger.warning("cannot rotate containerd's log", metadata: ["error": "\(error)"])
            }
        }
    }
}
