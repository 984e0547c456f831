import CoreV1
import KubernetesAPI
import KubernetesClient

@testable import ControllerManager

/// Gives each new pod the status that a behaviour says, and lets deleted pods go.
struct FakeKubelet: Sendable {
    /// What becomes of a pod; nil leaves it as it is. Asked again at every change.
    typealias Behaviour = @Sendable (Pod, _ now: Int64) -> PodStatus?

    private let client: Client
    private let time: TimeSource
    private let behaviour: Behaviour
    private let changes: AsyncStream<Pod>

    init(client: Client, informers: InformerFactory, time: TimeSource, behaviour: @escaping Behaviour) {
        self.client = client
        self.time = time
        self.behaviour = behaviour
        let (changes, continuation) = AsyncStream<Pod>.makeStream()
        self.changes = changes
        informers.informer(Pod.self).addHandler(added: { continuation.yield($0) }, updated: { _, new in continuation.yield(new) })
    }

    func run() async {
        for await pod in changes {
            let name = pod.metadata.name ?? ""
            if pod.metadata.deletionTimestamp != nil {
                try? await client.delete(Pod.self, name, namespace: pod.metadata.namespace, DeleteOptions { $0.gracePeriodSeconds = 0 })
                continue
            }
            guard !pod.hasEnded, let status = behaviour(pod, time.wallMicroseconds() / 1_000_000),
                status.phase != pod.status.phase || status.conditions.count != pod.status.conditions.count
            else { continue }
            var changed = pod
            changed.status = status
            // A pod that has changed meanwhile comes again.
            _ = try? await client.update(changed, subresource: "status")
        }
    }

    static let runsEverything: Behaviour = { _, now in .running(ready: true, since: now) }
}

extension PodStatus {
    static func running(ready: Bool, since: Int64) -> PodStatus {
        PodStatus {
            $0.phase = "Running"
            $0.conditions = [
                PodCondition {
                    $0.type = "Ready"
                    $0.status = ready ? "True" : "False"
                    $0.lastTransitionTime = Time(seconds: since)
                }
            ]
        }
    }

    static func ended(_ phase: String, exitCode: Int32 = 0, at time: Int64) -> PodStatus {
        PodStatus {
            $0.phase = phase
            $0.containerStatuses = [
                ContainerStatus { status in
                    status.name = "c"
                    status.state = ContainerState { state in
                        state.terminated = ContainerStateTerminated {
                            $0.exitCode = exitCode
                            $0.finishedAt = Time(seconds: time)
                        }
                    }
                }
            ]
        }
    }
}
