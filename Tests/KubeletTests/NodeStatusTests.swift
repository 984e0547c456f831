import CoreV1
import KubernetesAPI
import Testing

@testable import Kubelet

@Suite struct NodeStatusTests {
    private let machine = MachineInfo(
        cpuCount: 2, memory: 1 << 30, swap: 0, machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.1", osImage: "Debian",
        architecture: "amd64", hugepages: [2 << 20: 4 << 20])

    private func status(_ health: NodeHealth, before: NodeStatus = NodeStatus(), at seconds: Int64 = 100) -> NodeStatus {
        let configuration = KubeletConfiguration(nodeName: "node-1")
        let capacity = ["cpu": Quantity(2), "memory": Quantity(1 << 30, format: .binarySI), "pods": Quantity(110)]
        let resources = NodeResources(
            capacity: capacity, allocatable: NodeResources.allocatable(capacity, 4 << 20, configuration))
        return NodeStatusBuilder(
            configuration: configuration, machine: machine, resources: resources, addresses: ["10.0.0.1"], health: health, images: [],
            runtimeVersion: "containerd://1.6", now: Time(seconds: seconds)
        ).status(before: before)
    }

    @Test func aHealthyNode() {
        let status = status(NodeHealth())
        #expect(status.conditions.map(\.type) == ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"])
        #expect(
            status.conditions.map(\.reason) == ["KubeletHasSufficientMemory", "KubeletHasNoDiskPressure", "KubeletHasSufficientPID", "KubeletReady"])
        #expect(status.conditions.last?.message == "kubelet is posting ready status")
        #expect(status.addresses.map { "\($0.type) \($0.address)" } == ["InternalIP 10.0.0.1", "Hostname node-1"])
        #expect(status.daemonEndpoints?.kubeletEndpoint?.Port == 10250)
        // The memory that eviction and huge pages take is not handed out.
        #expect(status.allocatable["memory"]?.value == (1 << 30) - (100 << 20) - (4 << 20))
    }

    @Test func aNodeWithoutNetworkSaysWhy() {
        var health = NodeHealth()
        health.problems = ["container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no CNI"]
        let ready = status(health).conditions.last
        #expect(ready?.status == "False")
        #expect(ready?.reason == "KubeletNotReady")
        #expect(ready?.message == "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:no CNI")
    }

    @Test func extendedResourcesOfOthersAreKept() {
        var before = NodeStatus()
        before.capacity["example.com/fpga"] = Quantity(5)
        let status = status(NodeHealth(), before: before)
        #expect(status.capacity["example.com/fpga"]?.value == 5)
        #expect(status.allocatable["example.com/fpga"]?.value == 5)
    }

    @Test func aHeartbeatAloneIsNoChange() {
        let first = status(NodeHealth(), at: 100)
        let second = status(NodeHealth(), before: first, at: 200)
        #expect(!NodeStatusPatch.isWorthReporting(first, second))
        #expect(second.conditions.last?.lastTransitionTime?.seconds == 100)
        #expect(second.conditions.last?.lastHeartbeatTime?.seconds == 200)
        var health = NodeHealth()
        health.diskPressure = true
        #expect(NodeStatusPatch.isWorthReporting(second, status(health, before: second, at: 200)))
    }

    @Test func theDefaultRouteNamesTheInterface() {
        let routes = """
            Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT
            eth1\t00000000\t0100000A\t0003\t0\t0\t200\t00000000\t0\t0\t0
            eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
            eth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
            """
        #expect(NodeAddresses.defaultInterface(routes) == "eth0")
        #expect(NodeAddresses.defaultInterface("Iface\tDestination") == nil)
    }
}
