import AppsV1
import AutoscalingV2
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import Synchronization
import Testing

@testable import ControllerManager

@Suite struct AutoscalerTests {
    private static let web = Deployment { deployment in
        deployment.metadata.name = "web"
        deployment.metadata.namespace = "default"
        deployment.spec.replicas = 2
        deployment.spec.selector = labelSelector(["app": "web"])
        deployment.spec.template = template(["app": "web"])
        deployment.spec.template.spec.containers[0].resources = ResourceRequirements { $0.requests = ["cpu": Quantity(milli: 100)] }
    }

    private static func autoscaler(_ name: String = "load", _ change: (inout HorizontalPodAutoscalerSpec) -> Void = { _ in })
        -> HorizontalPodAutoscaler
    {
        HorizontalPodAutoscaler { autoscaler in
            autoscaler.metadata.name = name
            autoscaler.metadata.namespace = "default"
            autoscaler.spec.scaleTargetRef = CrossVersionObjectReference {
                $0.apiVersion = "apps/v1"
                $0.kind = "Deployment"
                $0.name = "web"
            }
            autoscaler.spec.maxReplicas = 6
            autoscaler.spec.metrics = [
                MetricSpec { metric in
                    metric.type = "Resource"
                    metric.resource = ResourceMetricSource { source in
                        source.name = "cpu"
                        source.target = MetricTarget {
                            $0.type = "Utilization"
                            $0.averageUtilization = 50
                        }
                    }
                }
            ]
            change(&autoscaler.spec)
        }
    }

    /// Runs everything that a Deployment needs beside the autoscaler; `use` sets what the pods use.
    private static func with(
        _ body:
            @escaping @Sendable (_ cluster: TestCluster, _ use: @escaping @Sendable (_ milliCores: Int64?) async throws -> Void) async throws -> Void
    ) async throws {
        let metrics = Mutex<MetricsTransport?>(nil)
        try await TestCluster.with(
            { context in
                let transport = MetricsTransport(base: context.client.transport)
                metrics.withLock { $0 = transport }
                var measured = context
                measured.client = Client(transport: transport, userAgent: "test", time: context.time)
                return [DeploymentController(context), ReplicaSetController(context), HorizontalPodAutoscalerController(measured)]
            },
            kubelet: { _, now in
                // Long ago, so that nothing counts as starting.
                var status = PodStatus.running(ready: true, since: now - 3600)
                status.startTime = Time(seconds: now - 3600)
                return status
            }
        ) { cluster in
            _ = try await cluster.client.create(web)
            try await cluster.until("two pods run") { try await running(cluster) == 2 }
            try await body(cluster) { milli in
                let pods = try await cluster.all(Pod.self).compactMap(\.metadata.name)
                let transport = metrics.withLock { $0 }
                transport?.set(milli.map { value in Dictionary(uniqueKeysWithValues: pods.map { ($0, value) }) })
            }
        }
    }

    private static func running(_ cluster: TestCluster) async throws -> Int {
        try await cluster.all(Pod.self).count { $0.status.phase == "Running" && $0.metadata.deletionTimestamp == nil }
    }

    private static func condition(
        _ cluster: TestCluster, _ type: String, of name: String = "load"
    ) async throws -> HorizontalPodAutoscalerCondition? {
        try await cluster.get(HorizontalPodAutoscaler.self, name).status.conditions.first { $0.type == type }
    }

    @Test func loadScalesUpAndItsEndDown() async throws {
        try await Self.with { cluster, use in
            try await use(100)
            _ = try await cluster.client.create(Self.autoscaler())
            // Twice as much as wanted: twice the pods.
            try await cluster.until("four pods") { try await Self.running(cluster) == 4 }
            try await cluster.until("it says so") {
                let status = try await cluster.get(HorizontalPodAutoscaler.self, "load").status
                return status.desiredReplicas == 4 && status.currentMetrics.first?.resource?.current?.averageUtilization == 100
                    && status.lastScaleTime != nil
            }
            try await cluster.until("there is an event") {
                try await cluster.all(Event.self).contains {
                    $0.reason == "SuccessfulRescale"
                        && $0.message == "New size: 4; reason: cpu resource utilization (percentage of request) above target"
                }
            }
            try await use(10)
            cluster.clock.advance(by: .seconds(15))
            try await cluster.until("the end of the load is seen, and waited out") {
                try await Self.condition(cluster, "AbleToScale")?.reason == "ScaleDownStabilized"
            }
            #expect(try await Self.running(cluster) == 4)
            cluster.clock.advance(by: .seconds(400))
            try await cluster.until("one pod is left") { try await Self.running(cluster) == 1 }
        }
    }

    @Test func withoutMetricsNothingIsDoneAndTheConditionSaysWhy() async throws {
        try await Self.with { cluster, use in
            try await use(nil)
            _ = try await cluster.client.create(Self.autoscaler())
            try await cluster.until("it says what is missing") {
                let active = try await Self.condition(cluster, "ScalingActive")
                return active?.status == "False" && active?.reason == "FailedGetResourceMetric"
                    && active?.message?.hasPrefix(
                        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: "
                            + "unable to fetch metrics from resource metrics API: ") == true
            }
            try await use(50)
            cluster.clock.advance(by: .seconds(15))
            try await cluster.until("it works again") { try await Self.condition(cluster, "ScalingActive")?.reason == "ValidMetricFound" }
            #expect(try await Self.running(cluster) == 2)
        }
    }

    @Test func limitsHoldWithoutMetrics() async throws {
        try await Self.with { cluster, use in
            try await use(nil)
            _ = try await cluster.client.create(Self.autoscaler { $0.minReplicas = 3 })
            // Its status, too: an edit in between would be a conflict, and the next try comes by the clock.
            try await cluster.until("the least") {
                let desired = try await cluster.get(HorizontalPodAutoscaler.self, "load").status.desiredReplicas
                return try await Self.running(cluster) == 3 && desired == 3
            }
            try await cluster.edit(HorizontalPodAutoscaler.self, "load") {
                $0.spec.minReplicas = 1
                $0.spec.maxReplicas = 1
            }
            try await cluster.until("the most") { try await Self.running(cluster) == 1 }
            try await cluster.edit(Deployment.self, "web") { $0.spec.replicas = 0 }
            cluster.clock.advance(by: .seconds(15))
            try await cluster.until("zero turns it off") { try await Self.condition(cluster, "ScalingActive")?.reason == "ScalingDisabled" }
            #expect(try await cluster.get(Deployment.self, "web").spec.replicas == 0)
        }
    }

    @Test func aTargetThatIsNotThereAndTwoAutoscalersOfOne() async throws {
        try await Self.with { cluster, use in
            try await use(50)
            _ = try await cluster.client.create(Self.autoscaler("load") { $0.scaleTargetRef?.name = "nobody" })
            try await cluster.until("no scale") { try await Self.condition(cluster, "AbleToScale")?.reason == "FailedGetScale" }
            try await cluster.edit(HorizontalPodAutoscaler.self, "load") { $0.spec.scaleTargetRef?.name = "web" }
            try await cluster.until("it was there all the time") {
                try await Self.condition(cluster, "ScalingActive")?.reason == "ValidMetricFound"
            }
            _ = try await cluster.client.create(Self.autoscaler("rival"))
            try await cluster.until("the second is told") {
                try await Self.condition(cluster, "ScalingActive", of: "rival")?.reason == "AmbiguousSelector"
            }
            cluster.clock.advance(by: .seconds(15))
            try await cluster.until("both are told") {
                try await Self.condition(cluster, "ScalingActive")?.message
                    == "pods by selector app=web are controlled by multiple HPAs: [default/load default/rival]"
            }
        }
    }
}
