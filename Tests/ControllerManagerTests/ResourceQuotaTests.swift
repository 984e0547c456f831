import AppsV1
import CoreV1
import KubernetesAPI
import KubernetesClient
import Testing

@testable import ControllerManager

private func container(cpu: String? = nil, memory: String? = nil, cpuLimit: String? = nil, sidecar: Bool = false) -> Container {
    Container { container in
        container.name = "c"
        container.image = "web:1"
        if sidecar { container.restartPolicy = "Always" }
        container.resources = ResourceRequirements { resources in
            resources.requests["cpu"] = cpu.flatMap { Quantity($0) }
            resources.requests["memory"] = memory.flatMap { Quantity($0) }
            resources.limits["cpu"] = cpuLimit.flatMap { Quantity($0) }
        }
    }
}

@Suite struct ResourceUsageTests {
    @Test func podsTakeTheSumOrWhatStartingTakes() {
        let pod = Pod { pod in
            pod.spec.containers = [container(cpu: "100m", memory: "1Gi", cpuLimit: "1"), container(cpu: "200m")]
            pod.spec.initContainers = [container(cpu: "50m", sidecar: true), container(cpu: "2", memory: "512Mi")]
            pod.spec.overhead = ["cpu": Quantity(milli: 10)]
        }
        let usage = ResourceUsage.of(pod)
        #expect(usage["cpu"]?.description == "2060m")
        #expect(usage["requests.cpu"]?.description == "2060m")
        #expect(usage["memory"]?.description == "1Gi")
        #expect(usage["limits.cpu"]?.description == "1010m")
        #expect(usage["pods"]?.value == 1)
    }

    @Test(
        arguments: [
            ("ClusterIP", nil, nil, nil), ("NodePort", nil, 2, nil), ("LoadBalancer", nil, 2, 1), ("LoadBalancer", false, 0, 1),
        ] as [(String, Bool?, Int64?, Int64?)])
    func servicesTakePorts(type: String, allocates: Bool?, nodePorts: Int64?, balancers: Int64?) {
        let service = Service { service in
            service.spec.type = type
            service.spec.allocateLoadBalancerNodePorts = allocates
            service.spec.ports = [ServicePort { $0.port = 1 }, ServicePort { $0.port = 2 }]
        }
        let usage = ResourceUsage.of(service)
        #expect(usage["services"]?.value == 1)
        #expect(usage["services.nodeports"]?.value == nodePorts)
        #expect(usage["services.loadbalancers"]?.value == balancers)
    }

    @Test(arguments: [
        (["BestEffort"], false), (["NotBestEffort"], true), (["Terminating"], false), (["NotTerminating"], true),
        (["NotBestEffort", "Terminating"], false),
        (["PriorityClass"], true), ([], true),
    ])
    func scopesChoosePods(scopes: [String], covered: Bool) {
        let pod = Pod { pod in
            pod.status.qosClass = "Burstable"
            pod.spec.priorityClassName = "high"
        }
        #expect(ResourceQuotaSpec { $0.scopes = scopes }.covers(pod) == covered)
    }
}

@Suite struct ResourceQuotaControllerTests {
    @Test func theStatusFollowsWhatIsThere() async throws {
        try await TestCluster.with({ [ResourceQuotaController($0)] }) { cluster in
            _ = try await cluster.client.create(
                ResourceQuota { quota in
                    quota.metadata.name = "q"
                    quota.metadata.namespace = "default"
                    for name in ["pods", "requests.cpu", "configmaps", "services", "count/replicasets.apps", "persistentvolumeclaims"] {
                        quota.spec.hard[name] = Quantity(10)
                    }
                })
            @Sendable func used() async throws -> [String: String] {
                try await cluster.get(ResourceQuota.self, "q").status.used.mapValues(\.description)
            }
            try await cluster.until("all is counted") { try await used().count == 6 }
            let before = try await used()
            #expect(before["pods"] == "0" && before["count/replicasets.apps"] == "0")
            let configMaps = try await cluster.all(ConfigMap.self).count
            #expect(before["configmaps"] == "\(configMaps)")

            _ = try await cluster.client.create(
                Pod { pod in
                    pod.metadata.name = "p"
                    pod.metadata.namespace = "default"
                    pod.spec.containers = [container(cpu: "250m")]
                })
            _ = try await cluster.client.create(
                ConfigMap {
                    $0.metadata.name = "c"
                    $0.metadata.namespace = "default"
                })
            _ = try await cluster.client.create(
                ReplicaSet { set in
                    set.metadata.name = "r"
                    set.metadata.namespace = "default"
                    set.spec.replicas = 0
                    set.spec.selector = labelSelector(["app": "r"])
                    set.spec.template = template(["app": "r"])
                })
            try await cluster.until("the new objects are counted") {
                let used = try await used()
                return used["pods"] == "1" && used["requests.cpu"] == "250m" && used["configmaps"] == "\(configMaps + 1)"
                    && used["count/replicasets.apps"] == "1"
            }
            try await cluster.edit(Pod.self, "p", subresource: "status") { $0.status.phase = "Succeeded" }
            try await cluster.client.delete(ConfigMap.self, "c", namespace: "default")
            try await cluster.until("what has ended or gone is not") {
                let used = try await used()
                return used["pods"] == "0" && used["requests.cpu"] == "0" && used["configmaps"] == "\(configMaps)"
            }
            try await cluster.edit(ResourceQuota.self, "q") { $0.spec.hard = ["pods": Quantity(3)] }
            try await cluster.until("the status has the new limits") {
                let status = try await cluster.get(ResourceQuota.self, "q").status
                return status.hard.mapValues(\.description) == ["pods": "3"] && status.used.mapValues(\.description) == ["pods": "0"]
            }
        }
    }
}
