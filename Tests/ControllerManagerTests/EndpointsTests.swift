import CoreV1
import DiscoveryV1
import KubernetesAPI
import Testing

@testable import ControllerManager

private func service() -> Service {
    Service { service in
        service.metadata.name = "web"
        service.metadata.namespace = "default"
        service.spec.selector = ["app": "web"]
        service.spec.ports = [
            ServicePort {
                $0.name = "http"
                $0.port = 80
                $0.targetPort = .string("http")
            }
        ]
    }
}

private func pod(_ number: Int, ready: Bool = true) -> Pod {
    Pod { pod in
        pod.metadata.name = "web-\(number)"
        pod.metadata.uid = "uid-\(number)"
        pod.metadata.labels = ["app": "web"]
        pod.spec.containers = [
            Container { container in
                container.ports = [
                    ContainerPort {
                        $0.name = "http"
                        $0.containerPort = 8080
                    }
                ]
            }
        ]
        pod.status.phase = "Running"
        pod.status.podIP = "10.244.\(number / 250).\(number % 250 + 1)"
        pod.status.conditions = [
            PodCondition {
                $0.type = "Ready"
                $0.status = ready ? "True" : "False"
            }
        ]
    }
}

private func plan(_ pods: [Pod], _ existing: [EndpointSlice] = []) -> SlicePlan {
    var plan = SlicePlan()
    plan.add(service(), family: "IPv4", Backend.all(of: service(), among: pods), existing)
    return plan
}

@Suite struct SlicePlanTests {
    @Test func namedPortsAndReadinessComeFromThePods() throws {
        let slice = try #require(plan([pod(1), pod(2, ready: false)]).creations.first)
        #expect(slice.ports.map(\.port) == [8080])
        #expect(slice.endpoints.map { $0.conditions?.ready } == [true, false])
        #expect(slice.metadata.labels[EndpointSliceController.serviceLabel] == "web")
    }

    @Test func slicesHoldAHundredEndpointsEach() {
        #expect(plan((0..<250).map { pod($0) }).creations.map(\.endpoints.count) == [100, 100, 50])
    }

    @Test func aServiceWithoutPodsHasOneEmptySlice() {
        #expect(plan([]).creations.map(\.endpoints.count) == [0])
    }

    @Test func whatIsRightIsLeftAloneAndChangesStayInTheirSlice() throws {
        var slice = try #require(plan([pod(1), pod(2)]).creations.first)
        slice.metadata.name = "web-abc"
        #expect(plan([pod(1), pod(2)], [slice]).updates.isEmpty)
        // An endpoint keeps its place; what is new fills up the slice.
        let changed = plan([pod(2), pod(3)], [slice])
        #expect(changed.creations.isEmpty && changed.deletions.isEmpty)
        #expect(changed.updates.first?.endpoints.compactMap { $0.targetRef?.name } == ["web-2", "web-3"])
    }
}
