import ContainerRuntime
import CoreV1
import KubernetesAPI
import KubernetesClient
import Linux
import Testing

@testable import Kubelet

/// Workers, watcher and writer together, against the real API server.
@Suite(.timeLimit(.minutes(2)), .serialized) struct PodWorkerTests {
    @Test func aPodFromCreationToDeletion() async throws {
        let runtime = FakeRuntime()
        try await SmallCluster.run(runtime) { cluster in
            try await cluster.create("web") {
                $0.spec.terminationGracePeriodSeconds = 7
                $0.spec.containers[0].env = [
                    EnvVar {
                        $0.name = "WHERE"
                        $0.value = "here"
                    }
                ]
                $0.spec.containers[0].args = ["$(WHERE)"]
            }
            let running = try await cluster.pod("web") { pod in pod.status.conditions.contains { $0.type == "Ready" && $0.status == "True" } }
            #expect(running.status.phase == "Running")
            #expect(running.status.podIP == "10.1.0.9")
            #expect(running.status.hostIP == "192.0.2.7")
            #expect(
                runtime.calls == ["RunPodSandbox web 0", "PullImage registry/app:1", "CreateContainer app 0", "StartContainer app"])
            let config = try #require(runtime.change { $0.containers.values.first?.config })
            #expect(config.args == ["here"])
            #expect(config.labels["io.kubernetes.container.name"] == "app")
            #expect(config.annotations["io.kubernetes.container.restartCount"] == "0")
            #expect(config.logPath == "app/0.log")
            #expect(config.mounts.map(\.containerPath) == ["/etc/hosts", "/dev/termination-log"])

            try await cluster.client.delete(Pod.self, "web", namespace: "default")
            try await cluster.goneFromAPI("web")
            #expect(runtime.calls.contains("StopContainer app 7"))
            while !cluster.registry.uids.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            #expect(runtime.change { $0.sandboxes.isEmpty && $0.containers.isEmpty })
        }
    }

    @Test func anExitIsSeenAndTheContainerRestarted() async throws {
        let runtime = FakeRuntime()
        try await SmallCluster.run(runtime) { cluster in
            try await cluster.create("web")
            _ = try await cluster.pod("web") { $0.status.phase == "Running" }
            runtime.exit(try #require(runtime.running("app")), code: 3)
            let restarted = try await cluster.pod("web") { pod in
                pod.status.containerStatuses.first.map { $0.restartCount == 1 && $0.state?.running != nil } ?? false
            }
            #expect(restarted.status.containerStatuses.first?.lastState?.terminated?.exitCode == 3)
            #expect(runtime.calls.contains("CreateContainer app 1"))
        }
    }

    @Test func aPullThatFailsIsToldInTheRuntimesWords() async throws {
        let runtime = FakeRuntime()
        runtime.change { $0.pullErrors = ["registry/app:1": "registry/app:1: not found"] }
        try await SmallCluster.run(runtime) { cluster in
            try await cluster.create("web")
            let failed = try await cluster.pod("web") { $0.status.containerStatuses.first?.state?.waiting?.reason == "ErrImagePull" }
            #expect(failed.status.containerStatuses.first?.state?.waiting?.message == "rpc error: code = NotFound desc = registry/app:1: not found")
            let waiting = try await cluster.pod("web") { $0.status.containerStatuses.first?.state?.waiting?.reason == "ImagePullBackOff" }
            #expect(
                waiting.status.containerStatuses.first?.state?.waiting?.message
                    == "Back-off pulling image \"registry/app:1\": ErrImagePull: rpc error: code = NotFound desc = registry/app:1: not found")
        }
    }

    @Test func containersOfAnEarlierLifeAreTakenOver() async throws {
        let runtime = FakeRuntime()
        try await SmallCluster.run(runtime) { first in
            try await first.create("web")
            _ = try await first.pod("web") { $0.status.phase == "Running" }
        }
        // The API is a new one, so to this life the pod in the runtime is one that nobody knows.
        #expect(runtime.running("app") != nil)
        try await SmallCluster.run(runtime) { second in
            while runtime.change({ !$0.sandboxes.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
            #expect(runtime.running("app") == nil)
            while !second.registry.uids.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func readinessFollowsTheProbe() async throws {
        let runtime = FakeRuntime()
        runtime.change { $0.exitCodes = ["check": 1] }
        try await SmallCluster.run(runtime) { cluster in
            try await cluster.create("web") {
                $0.spec.containers[0].readinessProbe = Probe {
                    $0.exec = ExecAction { $0.command = ["check"] }
                    $0.periodSeconds = 1
                    $0.failureThreshold = 1
                }
            }
            let unready = try await cluster.pod("web") { $0.status.phase == "Running" }
            #expect(unready.status.containerStatuses.first?.ready == false)
            runtime.change { $0.exitCodes = ["check": 0] }
            _ = try await cluster.pod("web") { $0.status.containerStatuses.first?.ready == true }
            runtime.change { $0.exitCodes = ["check": 1] }
            _ = try await cluster.pod("web") { $0.status.containerStatuses.first?.ready == false }
        }
    }

    @Test func theRuntimeIsAskedOnlyForWhatMayHaveChanged() async throws {
        let runtime = FakeRuntime()
        try await SmallCluster.run(runtime) { cluster in
            try await cluster.create("web")
            _ = try await cluster.pod("web") { $0.status.phase == "Running" }
            // Once at first, once after the sandbox, once after the container; more only when an event comes between.
            let asked = runtime.change { $0.questions }
            #expect(asked.count { $0 == "PodSandboxStatus" } == 1, "\(asked)")
            #expect(asked.count { $0 == "ContainerStatus" } == 1, "\(asked)")
            #expect(asked.count { $0 == "ListContainers" } <= 4, "\(asked)")
            let first = try #require(runtime.running("app"))
            runtime.exit(first, code: 3)
            let restarted = try await cluster.pod("web") { $0.status.containerStatuses.first?.restartCount == 1 }
            #expect(restarted.status.containerStatuses.first?.lastState?.terminated?.exitCode == 3)
            #expect(runtime.change { $0.questions }.count { $0 == "PodSandboxStatus" } == 1)
        }
    }

    @Test func aVolumeFollowsItsConfigMap() async throws {
        let runtime = FakeRuntime()
        try await SmallCluster.run(runtime) { cluster in
            func configMap(_ text: String) -> ConfigMap {
                ConfigMap {
                    $0.metadata.name = "settings"
                    $0.metadata.namespace = "default"
                    $0.data = ["key": text]
                }
            }
            try await cluster.create("web") {
                $0.spec.volumes = [
                    Volume {
                        $0.name = "settings"
                        $0.configMap = ConfigMapVolumeSource { $0.name = "settings" }
                    }
                ]
                $0.spec.containers[0].volumeMounts = [
                    VolumeMount {
                        $0.name = "settings"
                        $0.mountPath = "/settings"
                    }
                ]
            }
            // The pod waits for it, and goes on when it comes.
            _ = try await cluster.client.create(configMap("one"))
            _ = try await cluster.pod("web") { $0.status.phase == "Running" }
            let mounts = try #require(runtime.change { $0.containers.values.first?.config.mounts })
            let folder = try #require(mounts.first { $0.containerPath == "/settings" }?.hostPath)
            #expect(try Files.readText("\(folder)/key") == "one")
            _ = try await cluster.client.update(configMap("two"))
            // The regular look, which would bring the change as well, is a minute away; the test ends before.
            while try Files.readText("\(folder)/key") != "two" { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}
