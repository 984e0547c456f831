package import Foundation
import Linux
package import Storage
import Synchronization

/// Members of etcd on unix sockets in a folder, started for a test.
package final class EtcdMembers: Sendable {
    private static let program = "/usr/bin/etcd"

    private let folder: URL
    private let count: Int
    private let running: Mutex<[ProcessHandle?]>

    package var endpoints: [EtcdEndpoint] {
        (0..<count).compactMap { EtcdEndpoint("unix://" + folder.appendingPathComponent("client\($0):1").path) }
    }

    /// Starts them; waits while tests beside this one have started many already.
    /// - Parameter snapshot: what they begin with; nil: nothing.
    package init(members count: Int, in folder: URL, snapshot: String? = nil) async throws {
        self.folder = folder
        self.count = count
        running = Mutex([])
        await EtcdPlaces.shared.take(count)
        for index in 0..<count {
            if let snapshot { try await restore(snapshot, to: index) }
            let process = try launch(index)
            running.withLock { $0.append(process) }
        }
    }

    deinit {
        for process in running.withLock({ $0 }) { process?.signal(SIGKILL) }
        EtcdPlaces.shared.give(count)
    }

    /// Kills one member, as `kill -9` does; returns when it has ended.
    package func kill(_ index: Int) async throws {
        let process = running.withLock { running in
            defer { running[index] = nil }
            return running[index]
        }
        process?.signal(SIGKILL)
        _ = try await process?.waitForEnd()
    }

    /// Makes a member hang: its connections stay, and nothing comes over them.
    package func pause(_ index: Int) {
        running.withLock { $0[index] }?.signal(SIGSTOP)
    }

    package func resume(_ index: Int) {
        running.withLock { $0[index] }?.signal(SIGCONT)
    }

    /// Starts a member again on the data that it has.
    package func start(_ index: Int) throws {
        let process = try launch(index)
        running.withLock { $0[index] = process }
    }

    private func restore(_ snapshot: String, to index: Int) async throws {
        let log = "\(folder.path)/m\(index).log"
        let process = try Spawn.daemon(
            ["env", "-C", folder.path, "ETCDCTL_API=3", "/usr/bin/etcdctl", "snapshot", "restore", snapshot, "--data-dir", "m\(index)"]
                + identity(index), log: log)
        guard try await process.waitForEnd() == 0 else {
            throw CocoaError(.fileReadCorruptFile, userInfo: ["etcdctl": try String(contentsOfFile: log, encoding: .utf8)])
        }
    }

    /// The name of a member, and who the members are.
    private func identity(_ index: Int) -> [String] {
        [
            "--name", "m\(index)", "--initial-advertise-peer-urls", "unix://peer\(index):1",
            "--initial-cluster", (0..<count).map { "m\($0)=unix://peer\($0):1" }.joined(separator: ","),
        ]
    }

    private func launch(_ index: Int) throws -> ProcessHandle {
        // Those of a member that was killed are still there, and etcd takes them for somebody's.
        for name in ["client", "peer"] { try? FileManager.default.removeItem(at: folder.appendingPathComponent("\(name)\(index):1")) }
        // etcd takes the name of a unix socket for host and port: it lies in the folder that etcd runs in.
        return try Spawn.daemon(
            [
                "env", "-C", folder.path, Self.program,
                "--data-dir", "m\(index)", "--log-level", "error", "--logger", "zap",
                "--listen-client-urls", "unix://client\(index):1", "--advertise-client-urls", "unix://client\(index):1",
                "--listen-peer-urls", "unix://peer\(index):1", "--heartbeat-interval", "50", "--election-timeout", "500",
            ] + identity(index), log: "\(folder.path)/m\(index).log")
    }
}

/// How many members run at once: a test machine has not memory for all tests' at the same time.
private final class EtcdPlaces: Sendable {
    static let shared = EtcdPlaces()

    private struct State {
        var free = 9
        var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    func take(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.waiting.isEmpty, state.free >= count {
                    state.free -= count
                    return true
                }
                state.waiting.append((count, continuation))
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give(_ count: Int) {
        let next = state.withLock { state in
            state.free += count
            var next: [CheckedContinuation<Void, Never>] = []
            while let first = state.waiting.first, state.free >= first.count {
                state.free -= first.count
                next.append(first.continuation)
                state.waiting.removeFirst()
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }
}
