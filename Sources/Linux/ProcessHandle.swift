import CLinux
import Glibc

/// One process, known by its id and the moment it started, so that a number that the kernel gives out again is never mistaken for it.
package struct ProcessHandle: Sendable, Equatable {
    package let pid: Int32
    /// Clock ticks since the machine started.
    package let startTicks: UInt64

    /// Nil when there is no such process.
    package init?(pid: Int32) {
        guard pid > 0, let ticks = Self.startTicks(of: pid) else { return nil }
        self.pid = pid
        self.startTicks = ticks
    }

    /// A child of ours that was not reaped yet, whether it still runs or has ended. Nil when there is no such process.
    init?(child pid: Int32) {
        guard let ticks = Self.startTicks(of: pid, orEnded: true) else { return nil }
        self.pid = pid
        self.startTicks = ticks
    }

    /// `pid startTicks`, as ``init(text:)`` reads it.
    package var text: String { "\(pid) \(startTicks)\n" }

    /// The process that ``text`` described; nil unless it still runs.
    package init?(text: String) {
        let fields = text.split { $0 == " " || $0 == "\n" }
        guard fields.count == 2, let pid = Int32(fields[0]), let ticks = UInt64(fields[1]), let handle = ProcessHandle(pid: pid),
            handle.startTicks == ticks
        else { return nil }
        self = handle
    }

    /// Whether it still runs; a process that has ended but was not reaped does not.
    package var isRunning: Bool { Self.startTicks(of: pid) == startTicks }

    /// The arguments it was started with; empty when it has ended.
    package var commandLine: [String] {
        let bytes = (try? Files.read("/proc/\(pid)/cmdline")) ?? []
        return bytes.split(separator: 0, omittingEmptySubsequences: true).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Sends a signal, unless the process has ended.
    package func signal(_ number: Int32) {
        if isRunning { kill(pid, number) }
    }

    /// Waits until the process has ended and reaps it when it is our child. Returns its exit code when it was (128 + signal for a killed
    /// one). Ends early with `CancellationError`.
    @discardableResult
    package func waitForEnd() async throws -> Int? {
        let pidfd = apus_pidfd_open(pid)
        if pidfd == -ESRCH { return reap() }
        if pidfd < 0 { throw SystemError("watch process \(pid)", errno: -pidfd) }
        let wake = apus_event()
        if wake < 0 {
            close(pidfd)
            throw SystemError("watch process \(pid)", errno: -wake)
        }
        defer {
            close(pidfd)
            close(wake)
        }
        // A process that was not ours any more when the descriptor was opened has ended.
        if !isRunning { return reap() }
        let ended: Int32 = try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let failure = Threads.start("wait-\(pid)") { continuation.resume(returning: apus_pidfd_wait(pidfd, wake, -1)) }
                if let failure { continuation.resume(throwing: failure) }
            }
        } onCancel: {
            apus_event_set(wake)
        }
        if ended < 0 { throw SystemError("watch process \(pid)", errno: -ended) }
        if ended == 2 { throw CancellationError() }
        return reap()
    }

    /// Asks the process to end and kills it when it has not after `grace`. Returns when it is gone.
    package func stop(grace: Duration) async throws {
        signal(SIGTERM)
        let ended = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                _ = try await self.waitForEnd()
                return true
            }
            group.addTask {
                try await Task.sleep(for: grace)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        if ended { return }
        signal(SIGKILL)
        _ = try await waitForEnd()
    }

    private func reap() -> Int? {
        var code: Int32 = 0
        return apus_reap(pid, &code) == 1 ? Int(code) : nil
    }

    /// Field 22 of `/proc/<pid>/stat`; nil for a process that is not there or, unless that is wanted, has ended.
    private static func startTicks(of pid: Int32, orEnded: Bool = false) -> UInt64? {
        guard let bytes = try? Files.read("/proc/\(pid)/stat"), let close = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19, let state = fields[0].first, orEnded || state != UInt8(ascii: "Z") && state != UInt8(ascii: "X") else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }
}
