import Glibc
import Linux
import Logging

extension ContainerdSupervisor {
    /// Stops and removes every pod, ends containerd and removes all that it made. Works as well when neither we nor it were running.
    ///
    /// The supervisor's ``run()`` must have ended. What cannot be removed is thrown after all the rest was.
    package func tearDown() async throws {
        guard Files.exists(configuration.folder) else { return }
        do {
            try await start()
            try await removePods()
        } catch {
            logger.warning("pods could not be stopped through containerd and are killed", metadata: ["error": "\(error)"])
        }
        try await current?.stop(grace: .seconds(10))
        try await killLeftOvers()
        let busy = try Mounts.unmountAll(under: configuration.folder)
        if !busy.isEmpty { throw Failure(description: "cannot unmount \(busy.joined(separator: ", "))") }
        try Files.removeTree(configuration.folder)
    }

    private func removePods() async throws {
        let client = try RuntimeClient(endpoint: configuration.endpoint, logger: logger)
        try await client.whileConnected {
            let pods = try await client.listPodSandboxes(nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, pod) in pods.enumerated() {
                    if index >= 8 { try await group.next() }
                    group.addTask {
                        try await client.stopPodSandbox(pod.id)
                        try await client.removePodSandbox(pod.id)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Shims and the first processes of containers that are still there; each shim is known by our socket among its arguments.
    private func killLeftOvers() async throws {
        let tasks = "\(configuration.stateFolder)/io.containerd.runtime.v2.task/k8s.io"
        var processes: [ProcessHandle] = []
        for id in try Files.list(tasks) {
            if let text = try Files.readText("\(tasks)/\(id)/init.pid"), let pid = Int32(text), let handle = ProcessHandle(pid: pid),
                (try? Files.readText("/proc/\(pid)/cgroup"))?.contains(id) == true
            {
                processes.append(handle)
            }
        }
        for name in try Files.list("/proc") {
            guard let pid = Int32(name), let handle = ProcessHandle(pid: pid) else { continue }
            let arguments = handle.commandLine
            if arguments.first?.contains("containerd-shim") == true && arguments.contains(configuration.socketPath) { processes.append(handle) }
        }
        for handle in processes { handle.signal(SIGKILL) }
        for handle in processes { try await handle.waitForEnd() }
    }
}
