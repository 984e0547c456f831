import CoordinationV1
import KubernetesAPI
package import Logging
import ServiceLifecycle

/// Leadership was lost: another took over, or the lease could not be renewed in time.
package struct LeadershipLostError: Error, CustomStringConvertible {
    package var lease: String
    package var identity: String
    package var description: String { "\(identity) is no longer the leader of \(lease)" }
}

/// Runs something on one of several candidates at a time, by a Lease that the leader renews.
package final class LeaderElector: Service {
    /// Up to this share of the retry period is added at random while waiting to lead.
    static let jitter = 1.2

    private let client: Client
    private let namespace: String
    private let name: String
    private let identity: String
    private let timing: LeaderElection.Timing
    private let time: TimeSource
    private let logger: Logger
    private let lead: @Sendable () async throws -> Void

    /// - Parameters:
    ///   - identity: different for each candidate: the host's name and a random part.
    ///   - lead: what the leader does; its task is cancelled when leadership is lost.
    package init(
        client: Client, namespace: String, name: String, identity: String, timing: LeaderElection.Timing = .init(),
        time: TimeSource = .system, logger: Logger, lead: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.namespace = namespace
        self.name = name
        self.identity = identity
        self.timing = timing
        self.time = time
        self.logger = logger
        self.lead = lead
    }

    /// Waits to become the leader, then leads. Returns when `lead` returns, the task is cancelled or the service group shuts down;
    /// the lease is then released. Throws `LeadershipLostError` when it was lost, and what `lead` throws.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in try await elect() }
        } catch is CancellationError {}
    }

    private func elect() async throws {
        var election = LeaderElection(identity: identity, timing: timing)
        while !(await attempt(&election)) {
            try await time.sleep(.seconds(timing.retryPeriod.secondsValue * (1 + Self.jitter * RandomSource.fraction())))
        }
        logger.info("became leader", metadata: ["lease": "\(namespace)/\(name)", "identity": "\(identity)"])
        // The task that leads and the task that renews: whichever ends first ends the other.
        let held = election
        let result: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { [lead] in try await lead() }
                group.addTask { [self] in try await renew(held) }
                defer { group.cancelAll() }
                try await group.next()
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        if case .failure(let error) = result, error is LeadershipLostError { throw error }
        await release(held)
        try result.get()
    }

    private func renew(_ held: LeaderElection) async throws {
        var election = held
        var renewedAt = time.uptime()
        while true {
            try await time.sleep(timing.retryPeriod)
            if await attempt(&election) {
                renewedAt = time.uptime()
            } else if !election.isLeader || time.uptime() - renewedAt >= timing.renewDeadline {
                logger.error("lost leadership", metadata: ["lease": "\(namespace)/\(name)", "holder": "\(election.observedHolder)"])
                throw LeadershipLostError(lease: "\(namespace)/\(name)", identity: identity)
            }
            try Task.checkCancellation()
        }
    }

    /// One try to take or renew the lease; whether it succeeded. A server that does not answer must not keep us believing that we lead,
    /// so the machine's own clock limits the try.
    private func attempt(_ election: inout LeaderElection) async -> Bool {
        do {
            let before = election
            election = try await withDeadline(timing.renewDeadline) { [self] in try await attempt(before) }
            return election.isLeader
        } catch {
            logger.debug("lease not taken", metadata: ["lease": "\(namespace)/\(name)", "error": "\(error)"])
            return false
        }
    }

    private func attempt(_ before: LeaderElection) async throws -> LeaderElection {
        var election = before
        let current: Lease?
        do {
            current = try await client.get(Lease.self, name, namespace: namespace)
        } catch let error as APIStatusError where error.isNotFound {
            current = nil
        }
        let stored: Lease
        switch election.move(on: current, uptime: time.uptime(), wallMicroseconds: time.wallMicroseconds()) {
        case .wait: return election
        case .create(var lease):
            lease.metadata.name = name
            lease.metadata.namespace = namespace
            stored = try await client.create(lease)
        case .update(let lease):
            stored = try await client.update(lease)
        }
        election.observe(stored, uptime: time.uptime())
        return election
    }

    /// Lets the others go ahead; runs in a task of its own because ours is usually cancelled by now.
    private func release(_ election: LeaderElection) async {
        await Task { [self] in
            do {
                let current = try await client.get(Lease.self, name, namespace: namespace)
                guard current.spec.holderIdentity == identity else { return }
                _ = try await client.update(election.released(current, wallMicroseconds: time.wallMicroseconds()))
            } catch {
                logger.debug("lease not released", metadata: ["lease": "\(namespace)/\(name)", "error": "\(error)"])
            }
        }.value
    }
}
