package import KubernetesClient
package import Logging
import ServiceLifecycle

/// What the controllers need to know of the cluster, under the names of upstream's flags.
package struct ControllerManagerConfiguration: Sendable {
    /// `--cluster-cidr`: the range of pod addresses; nil leaves nodes without (`--allocate-node-cidrs=false`).
    package var podRanges: PodRanges?
    /// `--root-ca-file`, its PEM text.
    package var rootCA: String
    package var terminatedPodGCThreshold = 12_500
    /// `--controllers`.
    package var selection = ControllerSelection()

    package init(podRanges: PodRanges?, rootCA: String) {
        self.podRanges = podRanges
        self.rootCA = rootCA
    }
}

/// Runs all controllers over one set of informers.
package struct ControllerManager: ServiceLifecycle.Service {
    private let context: ControllerContext
    private let controllers: [any Controller]
    private let runsInformers: Bool

    /// - Parameter shared: informers that the caller runs; nil: it has its own and runs them.
    package init(
        client: Client, informers shared: InformerFactory? = nil, configuration: ControllerManagerConfiguration, time: TimeSource = .system,
        logger: Logger
    ) {
        let informers = shared ?? InformerFactory(client: client, time: time, logger: logger)
        runsInformers = shared == nil
        let context = ControllerContext(client: client, informers: informers, time: time, logger: logger)
        self.context = context
        var controllers: [any Controller] = [
            ReplicaSetController(context), ReplicationControllerController(context), DeploymentController(context), DaemonSetController(context),
            StatefulSetController(context), JobController(context), TTLAfterFinishedController(context), CronJobController(context),
            DisruptionController(context), ResourceQuotaController(context),
            EndpointsController(context), EndpointSliceController(context), EndpointSliceMirroringController(context),
            NamespaceController(context), ServiceAccountsController(context), RootCAPublisher(context, rootCA: configuration.rootCA),
            GarbageCollector(context), NodeLifecycleController(context), TaintEvictionController(context),
            PodGarbageCollector(context, terminatedThreshold: configuration.terminatedPodGCThreshold),
        ]
        if let ranges = configuration.podRanges { controllers.append(NodeIPAMController(context, ranges: ranges)) }
        self.controllers = controllers.filter { configuration.selection.contains(type(of: $0).name) }
    }

    package func run() async throws {
        try await cancelWhenGracefulShutdown { [context, controllers, runsInformers] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                if runsInformers { group.addTask { try await context.informers.run() } }
                for controller in controllers {
                    group.addTask {
                        try await context.informers.waitForSync()
                        context.logger.info("controller started", metadata: ["controller": "\(type(of: controller).name)"])
                        try await controller.run()
                    }
                }
                do {
                    try await group.waitForAll()
                } catch is CancellationError {
                    group.cancelAll()
                }
            }
        }
    }
}
