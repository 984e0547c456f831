import CoreV1
import KubernetesAPI
import Linux
import Testing

@testable import Kubelet

@Suite struct ResourceTests {
    private func container(_ requests: [String: String], _ limits: [String: String] = [:], name: String = "app") -> Container {
        Sample.container(name) {
            $0.resources = ResourceRequirements {
                $0.requests = requests.compactMapValues { Quantity($0) }
                $0.limits = limits.compactMapValues { Quantity($0) }
            }
        }
    }

    @Test func classes() {
        #expect(QoS.compute(Sample.pod()) == .bestEffort)
        #expect(QoS.compute(Sample.pod(containers: [container(["cpu": "1"])])) == .burstable)
        let both = ["cpu": "1", "memory": "1Gi"]
        #expect(QoS.compute(Sample.pod(containers: [container(both, both)])) == .guaranteed)
        #expect(QoS.compute(Sample.pod(containers: [container([:], both)])) == .guaranteed)
        #expect(QoS.compute(Sample.pod(containers: [container(both, both), Sample.container("b")])) == .burstable)
    }

    @Test func cpuNumbers() {
        #expect(ContainerResources.shares(milliCPU: 0) == 2)
        #expect(ContainerResources.shares(milliCPU: 250) == 256)
        #expect(ContainerResources.shares(milliCPU: 2000) == 2048)
        #expect(ContainerResources.shares(milliCPU: .max) == 262_144)
        #expect(ContainerResources.quota(milliCPU: 500, periodMicroseconds: 100_000) == 50_000)
        #expect(ContainerResources.quota(milliCPU: 1, periodMicroseconds: 100_000) == 1_000)
        #expect(ContainerResources.quota(milliCPU: 0, periodMicroseconds: 100_000) == -1)
        #expect(ContainerResources.weight(shares: 2) == 1)
        #expect(ContainerResources.weight(shares: 1024) == 39)
        #expect(ContainerResources.weight(shares: 262_144) == 10_000)
    }

    @Test func theKernelsOrderOfKilling() {
        func score(_ container: Container, _ change: (inout Pod) -> Void = { _ in }) -> Int64 {
            ContainerResources.oomScoreAdjust(Sample.pod(containers: [container], change), container, memoryCapacity: 4 << 30)
        }
        let both = ["cpu": "1", "memory": "1Gi"]
        #expect(score(Sample.container("app")) == 1000)
        #expect(score(container(both, both)) == -997)
        #expect(score(container(["memory": "1Gi"])) == 750)
        #expect(score(container(["cpu": "1"])) == 999)
        #expect(score(container(["memory": "4Gi"])) == 3)
        #expect(score(Sample.container("app")) { $0.spec.priority = 2_000_001_000 } == -997)
    }

    @Test func whatAPodNeedsInAll() {
        let pod = Sample.pod(
            containers: [container(["cpu": "100m"], name: "a"), container(["cpu": "200m"], name: "b")],
            initContainers: [
                container(["cpu": "50m"], name: "i1"),
                {
                    var sidecar = container(["cpu": "100m"], name: "s")
                    sidecar.restartPolicy = "Always"
                    return sidecar
                }(),
                container(["cpu": "500m"], name: "i2"),
            ])
        // The greediest moment is the second init container beside the sidecar.
        #expect(ContainerResources.podTotal(pod, ContainerResources.requestedMilliCPU) == 600)
    }

    @Test func aPodsCgroup() {
        let both = ["cpu": "500m", "memory": "64Mi"]
        func values(_ pod: Pod) -> CgroupValues { CgroupValues.forPod(pod, cpuPeriodMicroseconds: 100_000, enforceCPU: true, pidsLimit: -1) }
        #expect(
            values(Sample.pod(containers: [container(both, both)]))
                == CgroupValues(cpuShares: 512, cpuQuota: 50_000, cpuPeriod: 100_000, memoryLimit: 64 << 20))
        #expect(values(Sample.pod()) == CgroupValues(cpuShares: 2))
        #expect(values(Sample.pod(containers: [container(both, both), container(["cpu": "500m"], name: "b")])) == CgroupValues(cpuShares: 1024))
    }

    @Test func cgroupNames() {
        let files = CgroupLayout(driver: "cgroupfs", root: "/")
        #expect(files.path(qos: .burstable, uid: "a-b") == "/kubepods/burstable/poda-b")
        #expect(files.path(qos: .guaranteed, uid: "a-b") == "/kubepods/poda-b")
        #expect(CgroupLayout(driver: "cgroupfs", root: "/apus").runtimeParent(qos: .bestEffort, uid: "x") == "/apus/kubepods/besteffort/podx")
        let systemd = CgroupLayout(driver: "systemd", root: "/")
        #expect(systemd.runtimeParent(qos: .burstable, uid: "a-b") == "kubepods-burstable-poda_b.slice")
        #expect(systemd.path(qos: .burstable, uid: "a-b") == "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-poda_b.slice")
    }

    @Test func hierarchies() throws {
        let v1 = """
            30 20 0:26 / /sys/fs/cgroup ro - tmpfs tmpfs ro
            31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
            32 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
            33 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
            34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
            """
        let found = try CgroupHierarchies.detect(Mounts.parse(v1))
        #expect(found.version == .v1)
        #expect(found.mounts["cpuacct"] == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(found.mountPoints.count == 3)
        #expect(try CgroupHierarchies.detect(Mounts.parse("30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw")).version == .v2)
        #expect(throws: KubeletError.self) { try CgroupHierarchies.detect([]) }
    }

    @Test func admission() {
        var node = Node()
        node.metadata.name = "node-1"
        node.metadata.labels = ["disk": "ssd"]
        node.status.allocatable = ["cpu": Quantity(1), "memory": Quantity(1 << 30), "pods": Quantity(2)]
        let admission = PodAdmission(node: node)
        #expect(admission.check(Sample.pod(), beside: []) == nil)
        let greedy = Sample.pod(containers: [container(["cpu": "600m"])])
        #expect(admission.check(greedy, beside: [greedy])?.reason == "OutOfcpu")
        #expect(
            admission.check(greedy, beside: [greedy])?.message
                == "Pod was rejected: Node didn't have enough resource: cpu, requested: 600, used: 600, capacity: 1000")
        #expect(admission.check(Sample.pod(), beside: [Sample.pod(), Sample.pod()])?.reason == "OutOfpods")
        #expect(admission.check(Sample.pod { $0.spec.nodeSelector = ["disk": "hdd"] }, beside: [])?.reason == "NodeAffinity")
        #expect(admission.check(Sample.pod { $0.spec.nodeSelector = ["disk": "ssd"] }, beside: []) == nil)
        let port = Sample.pod(containers: [
            Sample.container("app") {
                $0.ports = [
                    ContainerPort {
                        $0.containerPort = 80
                        $0.hostPort = 8080
                    }
                ]
            }
        ])
        #expect(admission.check(port, beside: [port])?.reason == "NodePorts")
    }
}
