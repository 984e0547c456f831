import CoreV1
import KubernetesAPI
package import KubernetesClient
package import Logging
import PolicyV1
import ServiceLifecycle
import StorageV1
import Synchronization

/// Finds a node for every pod that has none.
///
/// Its identity is that of the client's transport. The informers must be run by the caller, in the same service group or otherwise.
package final class Scheduler: ServiceLifecycle.Service {
    private let client: Client
    private let configuration: SchedulerConfiguration
    private let logger: Logger
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>
    private let namespaces: Informer<Namespace>
    private let budgets: Informer<PodDisruptionBudget>
    private let claims: Informer<PersistentVolumeClaim>
    private let volumes: Informer<PersistentVolume>
    private let classes: Informer<StorageClass>
    private let inbox = Inbox()
    private let executor: DecisionExecutor

    /// Pods that have ended take no room; they are not even asked for, unless somebody else in the process wants them.
    package static let podSelector = "status.phase!=Succeeded,status.phase!=Failed"

    /// - Parameter informers: to be run by the caller. When other components share them, see `SchedulerConfiguration.sharesInformers`.
    package init(client: Client, informers: InformerFactory, configuration: SchedulerConfiguration = .init(), logger: Logger) {
        self.client = client
        self.configuration = configuration
        self.logger = logger
        pods = informers.informer(Pod.self, fieldSelector: configuration.sharesInformers ? nil : Self.podSelector)
        nodes = informers.informer(Node.self)
        namespaces = informers.informer(Namespace.self)
        budgets = informers.informer(PodDisruptionBudget.self)
        claims = informers.informer(PersistentVolumeClaim.self)
        volumes = informers.informer(PersistentVolume.self)
        classes = informers.informer(StorageClass.self)
        let recorder = EventRecorder(
            client: client, component: configuration.schedulerName, clock: configuration.time, logger: logger)
        executor = DecisionExecutor(
            client: client, recorder: recorder, schedulerName: configuration.schedulerName,
            volumes: VolumeBinder(client: client, nodes: nodes, volumes: volumes, time: configuration.time), time: configuration.time,
            logger: logger, inbox: inbox)
        listen()
    }

    /// Schedules until the task is cancelled or the service group shuts down. With leader election: once it leads, and throws
    /// `LeadershipLostError` when another took over.
    package func run() async throws {
        guard let election = configuration.leaderElection else {
            do {
                try await cancelWhenGracefulShutdown { [self] in try await schedule() }
            } catch is CancellationError {}
            return
        }
        let elector = LeaderElector(
            client: client, namespace: election.namespace, name: election.name, identity: election.identity, timing: election.timing,
            time: configuration.time, logger: logger
        ) { [self] in try await schedule() }
        try await elector.run()
    }

    private func listen() {
        pods.addHandler(
            added: { [inbox] in inbox.post(.pod($0)) },
            updated: { [inbox] old, new in
                // The same name, but another pod: the old one ended while nobody looked.
                if old.metadata.uid != new.metadata.uid { inbox.post(.podRemoved(old)) }
                inbox.post(.pod(new))
            },
            deleted: { [inbox] in inbox.post(.podRemoved($0)) })
        nodes.addHandler(
            added: { [inbox] in inbox.post(.node($0)) }, updated: { [inbox] in inbox.post(.node($1)) },
            deleted: { [inbox] in inbox.post(.nodeRemoved($0.metadata.name ?? "")) })
        namespaces.addHandler(
            added: { [inbox] in inbox.post(.namespace($0.metadata.name ?? "", labels: $0.metadata.labels)) },
            updated: { [inbox] in
                if $0.metadata.labels != $1.metadata.labels { inbox.post(.namespace($1.metadata.name ?? "", labels: $1.metadata.labels)) }
            },
            deleted: { [inbox] in inbox.post(.namespace($0.metadata.name ?? "", labels: nil)) })
        budgets.addHandler(
            added: { [inbox] in inbox.post(.budget($0)) }, updated: { [inbox] in inbox.post(.budget($1)) },
            deleted: { [inbox] in inbox.post(.budgetRemoved($0)) })
        claims.addHandler(
            added: { [inbox] in inbox.post(.volumes(.claim($0))) }, updated: { [inbox] in inbox.post(.volumes(.claim($1))) },
            deleted: { [inbox] in inbox.post(.volumes(.claimRemoved($0))) })
        volumes.addHandler(
            added: { [inbox] in inbox.post(.volumes(.volume($0))) }, updated: { [inbox] in inbox.post(.volumes(.volume($1))) },
            deleted: { [inbox] in inbox.post(.volumes(.volumeRemoved($0))) })
        classes.addHandler(
            added: { [inbox] in inbox.post(.volumes(.storageClass($0))) }, updated: { [inbox] in inbox.post(.volumes(.storageClass($1))) },
            deleted: { [inbox] in inbox.post(.volumes(.storageClassRemoved($0))) })
    }

    private func schedule() async throws {
        try await nodes.waitForSync()
        try await pods.waitForSync()
        try await namespaces.waitForSync()
        try await budgets.waitForSync()
        try await claims.waitForSync()
        try await volumes.waitForSync()
        try await classes.waitForSync()
        logger.info("scheduling", metadata: ["scheduler": "\(configuration.schedulerName)"])
        try await withThrowingDiscardingTaskGroup { group in
            try await withTaskCancellationHandler {
                try await decide(&group)
            } onCancel: {
                inbox.poke()
            }
        }
    }

    /// The loop: take in what changed, decide about one pod, hand the decision over.
    private func decide(_ group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        var framework = Framework.standard
        framework.percentageOfNodesToScore = configuration.percentageOfNodesToScore
        let core = SchedulerCore(framework: framework, schedulerName: configuration.schedulerName, random: configuration.random)
        let time = configuration.time
        var wakeAt: Duration?
        while !Task.isCancelled {
            let now = time.uptime()
            for change in inbox.take() { core.apply(change, now: now) }
            if executor.inFlight < configuration.bindingsInFlightMax, let decision = core.next(now: now) {
                if let work = executor.take(decision) { group.addTask { await work() } }
                continue
            }
            if let deadline = core.nextDeadline(), wakeAt.map({ $0 <= now || deadline < $0 }) ?? true {
                wakeAt = deadline
                group.addTask { [inbox] in
                    // Cancelled with the group; the loop then ends anyway.
                    try? await time.sleep(deadline - now)
                    inbox.poke()
                }
            }
            await inbox.wait()
        }
        throw CancellationError()
    }
}
