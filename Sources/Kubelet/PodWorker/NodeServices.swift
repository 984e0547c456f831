import ContainerRuntime
import CoreV1
import KubernetesClient
import Logging

/// Everything that pod workers share.
struct NodeServices: Sendable {
    var configuration: KubeletConfiguration
    var client: Client
    var mirrors: MirrorPods
    var runtime: any RuntimeService
    var images: ImageManager
    var objects: any ObjectSource
    var tokens: any TokenSource
    var volumes: VolumeManager
    var volumeSources: VolumeSourceWatcher
    var cgroups: CgroupManager
    var events: any EventSink
    var http: HTTPChecker
    var time: TimeSource
    var logger: Logger
    /// What pods may know of the node, as it is now.
    var node: @Sendable () -> NodeFacts
    /// Every service of the cluster, for environment variables.
    var clusterServices: @Sendable () -> [Service]
    /// nil when pods can get a network; else why not.
    var networkProblem: @Sendable () -> String?
    var hostResolver: ResolverConfiguration
    var runtimeName: String
    var oomScoreFloor: Int64

    var hooks: LifecycleHooks { LifecycleHooks(runtime: runtime, http: http, time: time) }
    var observer: RuntimeObserver { RuntimeObserver(runtime: runtime, logs: LogPaths(root: configuration.podLogsDir), time: time) }

    func payload(_ pod: Pod, podIPs: [String]) -> VolumePayload {
        VolumePayload(pod: pod, node: node(), podIPs: podIPs, objects: objects, tokens: tokens)
    }
}
