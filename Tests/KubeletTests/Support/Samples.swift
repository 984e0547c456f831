import CoreV1
import KubernetesAPI

@testable import Kubelet

/// Builders of what the tests are about.
enum Sample {
    static let start = Timestamp(seconds: 1_700_000_000)

    static func pod(
        restartPolicy: String = "Always", containers: [Container] = [container("app")], initContainers: [Container] = [],
        _ change: (inout Pod) -> Void = { _ in }
    ) -> Pod {
        Pod {
            $0.metadata.name = "web"
            $0.metadata.namespace = "default"
            $0.metadata.uid = "uid-1"
            $0.metadata.generation = 1
            $0.metadata.resourceVersion = "10"
            $0.spec.nodeName = "node-1"
            $0.spec.restartPolicy = restartPolicy
            $0.spec.terminationGracePeriodSeconds = 30
            $0.spec.containers = containers
            $0.spec.initContainers = initContainers
            change(&$0)
        }
    }

    static func container(_ name: String, _ change: (inout Container) -> Void = { _ in }) -> Container {
        Container {
            $0.name = name
            $0.image = "registry/\(name):1"
            change(&$0)
        }
    }

    static func sidecar(_ name: String) -> Container {
        container(name) { $0.restartPolicy = "Always" }
    }

    static func sandbox(_ id: String = "s0", attempt: UInt32 = 0, ready: Bool = true) -> ObservedSandbox {
        ObservedSandbox(
            id: id, attempt: attempt, isReady: ready, createdAt: start + .seconds(Int64(attempt)), addresses: ["10.1.0.5"], usesHostNetwork: false)
    }

    static func instance(
        _ name: String, _ state: ObservedContainer.State, exit: Int32 = 0, attempt: UInt32 = 0, sandbox: String = "s0",
        finished: Timestamp = start + .seconds(5)
    ) -> ObservedContainer {
        var result = ObservedContainer(id: "\(name)-\(attempt)", name: name, sandboxID: sandbox, attempt: attempt, state: state)
        result.createdAt = start + .seconds(Int64(attempt))
        result.startedAt = start + .seconds(Int64(attempt))
        result.restartCount = Int32(attempt)
        result.hash = ContainerHash.hash(name: name, image: "registry/\(name):1")
        if state == .exited {
            result.exitCode = exit
            result.finishedAt = finished
        }
        return result
    }

    static func observed(_ sandboxes: [ObservedSandbox], _ containers: [ObservedContainer]) -> ObservedPod {
        var result = ObservedPod(uid: "uid-1", name: "web", namespace: "default")
        result.sandboxes = sandboxes
        result.containers = containers
        return result
    }
}
