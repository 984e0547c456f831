package import ContainerRuntime
import CoreV1
import KubernetesAPI
package import KubernetesClient
import Linux
package import Logging
import ServiceLifecycle

/// The node agent: registers the node, runs the pods bound to it and reports what becomes of them.
///
/// `run()` returns when the service group shuts down; containers go on running, and the next life of the agent takes them over.
package final class Kubelet: ServiceLifecycle.Service {
    package let configuration: KubeletConfiguration
    private let parts: [any ServiceLifecycle.Service]
    private let logger: Logger

    /// - Parameters:
    ///   - client: speaks to the API under the node's own identity (`system:node:<name>`).
    ///   - authorizer: decides what clients of the HTTPS server may do; there is a server only with a certificate in the configuration.
    ///   - runtime: containers, images and events of the runtime; the caller runs its connection.
    /// - Throws: `KubeletError` when the machine cannot be a node, with what to do about it.
    package init<Runtime: RuntimeService & ImageService & RuntimeEvents>(
        configuration: KubeletConfiguration, client: Client, runtime: Runtime, authorizer: KubeletAuthorizer = .apiServerAndAdministrators,
        authentication: KubeletAuthentication = .init(), time: TimeSource = .system, logger: Logger
    ) throws {
        try Preflight.check(configuration, logger)
        self.configuration = configuration
        self.logger = logger
        let machine = MachineInfo.read()
        let resources = NodeResources.measure(machine, configuration)
        let recorder = EventRecorder(client: client, component: "kubelet", host: configuration.nodeName, clock: time, logger: logger)
        let events = RecordedEvents(recorder: recorder)
        let cgroups = CgroupManager(configuration: configuration, hierarchies: try CgroupHierarchies.detect(), logger: logger)
        if configuration.cgroupsPerQOS {
            try cgroups.prepareNode(
                allocatableMilliCPU: resources.allocatable["cpu"]?.milliValue ?? 0, allocatableMemory: resources.allocatable["memory"]?.value ?? 0)
        }
        let factory = InformerFactory(client: client, time: time, logger: logger)
        let serviceInformer = factory.informer(CoreV1.Service.self)
        let podInformer = factory.informer(Pod.self, fieldSelector: "spec.nodeName=\(configuration.nodeName)")
        let http = HTTPChecker()
        let registry = PodRegistry()
        let watcherHealth = HealthSource()
        let agent = NodeAgent(
            configuration: configuration, client: client, runtime: runtime, images: runtime, machine: machine, resources: resources, events: recorder,
            time: time, logger: logger, otherProblems: { [watcherHealth.problem()].compactMap { $0 } })
        let services = NodeServices(
            configuration: configuration, client: client, mirrors: MirrorPods(client: client, node: { agent.node }), runtime: runtime,
            images: ImageManager(images: runtime, events: events, time: time),
            objects: ClientObjectSource(client: client), tokens: TokenManager(client: client, time: time),
            volumes: VolumeManager(configuration: configuration, time: time, logger: logger),
            volumeSources: VolumeSourceWatcher(client: client, time: time, logger: logger), cgroups: cgroups, events: events, http: http, time: time,
            logger: logger, node: { agent.facts }, clusterServices: { serviceInformer.list() },
            networkProblem: { agent.runtimeHealth.current.networkProblem },
            hostResolver: ResolverConfiguration.parse((try? Files.readText(configuration.resolvConf)) ?? ""), runtimeName: "containerd",
            oomScoreFloor: Privileges.oomScoreFloor())
        let manager = PodManager(services: services, registry: registry, informer: podInformer, nodeObject: { agent.node })
        let watcher = RuntimeWatcher(
            runtime: runtime, source: runtime, registry: registry, manager: manager, period: configuration.runtimeRelistPeriod, time: time,
            logger: logger)
        watcherHealth.follow(watcher)
        let lease = NodeLease(
            nodeName: configuration.nodeName, durationSeconds: configuration.nodeLeaseDurationSeconds, client: client, node: { agent.node },
            time: time,
            logger: logger)
        let rotator = LogRotator(
            runtime: runtime, maxBytes: configuration.containerLogMaxSize, maxFiles: configuration.containerLogMaxFiles, time: time, logger: logger)
        var parts: [any ServiceLifecycle.Service] = [http, factory, agent, lease, services.volumeSources, manager, watcher, rotator]
        if !configuration.staticPodPath.isEmpty {
            manager.expectStaticPods()
            parts.append(
                StaticPodSource(
                    folder: configuration.staticPodPath, nodeName: configuration.nodeName, period: configuration.fileCheckFrequency, time: time,
                    logger: logger, tell: { manager.setStaticPods($0) }))
        }
        if !configuration.tlsCertificate.isEmpty {
            parts.append(KubeletServer(services: services, registry: registry, authorizer: authorizer, authentication: authentication))
        }
        self.parts = parts
    }

    package func run() async throws {
        logger.info("node agent starting", metadata: ["node": "\(configuration.nodeName)", "root": "\(configuration.rootDirectory)"])
        try await ServiceGroup(configuration: .init(services: parts.map { .init(service: $0) }, logger: logger)).run()
    }
}
