package import KubernetesClient
package import Logging
package import PKI
import ServiceLifecycle

/// What the controllers need to know of the cluster, under the names of upstream's flags.
package struct ControllerManagerConfiguration: Sendable {
    /// `--cluster-cidr`: the range of pod addresses; nil leaves nodes without (`--allocate-node-cidrs=false`).
    package var podRanges: PodRanges?
    /// `--root-ca-file`, its PEM text.
    package var rootCA: String
    package var terminatedPodGCThreshold = 12_500
    /// What certificates of the cluster's own signers are signed with; nil: they are signed elsewhere.
    package var signing: ClusterSigning?
    /// What tokens that stand in secrets are signed with (`--service-account-private-key-file`); nil: nobody fills such secrets.
    package var serviceAccountTokens: ServiceAccountTokens?
    /// Whether every service account gets a secret with a token that does not end, as before 1.24
    /// (`--feature-gates=LegacyServiceAccountTokenNoAutoGeneration=false`). Needs `serviceAccountTokens`.
    package var makesTokenSecrets = false
    /// Whether old requests for certificates of pods are deleted (`--feature-gates=PodCertificateRequest=true`): for API servers that serve them.
    package var cleansPodCertificateRequests = false
    package var autoscaler = AutoscalerSettings()
    /// `--node-monitor-grace-period`: silence after which a node counts as lost.
    package var nodeMonitorGracePeriod = NodeLifecycleController.gracePeriod
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

    /// - Parameters:
    ///   - shared: informers that the caller runs; nil: it has its own and runs them.
    ///   - clientOfAccount: the client of a service account in `kube-system` (see `ControllerAccounts`), for
    ///     `--use-service-account-credentials`; nil: all controllers work as `client` does.
    package init(
        client: Client, informers shared: InformerFactory? = nil, configuration: ControllerManagerConfiguration,
        clientOfAccount: (@Sendable (_ serviceAccount: String) -> Client)? = nil, time: TimeSource = .system, logger: Logger
    ) {
        let informers = shared ?? InformerFactory(client: client, time: time, logger: logger)
        runsInformers = shared == nil
        let context = ControllerContext(client: client, informers: informers, time: time, logger: logger, clientOfAccount: clientOfAccount)
        self.context = context
        var controllers: [any Controller] = [
            ReplicaSetController(context), ReplicationControllerController(context), DeploymentController(context), DaemonSetController(context),
            StatefulSetController(context), JobController(context), TTLAfterFinishedController(context), CronJobController(context),
            HorizontalPodAutoscalerController(context, settings: configuration.autoscaler), DisruptionController(context),
            ResourceQuotaController(context), PersistentVolumeController(context), ClaimProtectionController(context),
            VolumeProtectionController(context), EphemeralVolumeController(context),
            EndpointsController(context), EndpointSliceController(context), EndpointSliceMirroringController(context),
            ServiceLoadBalancerController(context), ServiceCIDRController(context),
            NamespaceController(context), ServiceAccountsController(context), RootCAPublisher(context, rootCA: configuration.rootCA),
            GarbageCollector(context), NodeLifecycleController(context, gracePeriod: configuration.nodeMonitorGracePeriod),
            TaintEvictionController(context),
            PodGarbageCollector(context, terminatedThreshold: configuration.terminatedPodGCThreshold),
        ]
        if let ranges = configuration.podRanges { controllers.append(NodeIPAMController(context, ranges: ranges)) }
        if let signing = configuration.signing { controllers.append(CertificateSigner(context, signing: signing)) }
        if let tokens = configuration.serviceAccountTokens {
            controllers.append(LegacyTokensController(context, tokens: tokens, rootCA: configuration.rootCA))
            if configuration.makesTokenSecrets { controllers.append(TokenSecretsController(context)) }
        }
        if configuration.cleansPodCertificateRequests { controllers.append(PodCertificateRequestCleaner(context)) }
        controllers +=
            [
                ClusterRoleAggregationController(context), CertificateApprover(context), CertificateCleaner(context), BootstrapSigner(context),
                TokenCleaner(context),
            ] as [any Controller]
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
