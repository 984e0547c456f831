import CoreV1
import KubernetesAPI
import KubernetesClient
import Logging

/// Removes pods that nobody else will: on nodes that no longer exist, and ended ones beyond a threshold.
struct PodGarbageCollector: Controller {
    static let name = "pod-garbage-collector-controller"
    static let period = Duration.seconds(20)
    /// How long a node must be unknown before its pods count as lost: it may be registering again.
    static let quarantine = Duration.seconds(40)

    private let context: ControllerContext
    private let terminatedThreshold: Int
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>

    /// - Parameter terminatedThreshold: ended pods that are kept in all (`--terminated-pod-gc-threshold`).
    init(_ context: ControllerContext, terminatedThreshold: Int) {
        self.context = context.named(Self.name)
        self.terminatedThreshold = terminatedThreshold
        pods = context.informers.informer(Pod.self)
        nodes = context.informers.informer(Node.self)
    }

    func run() async throws {
        var missingSince: [String: Duration] = [:]
        while !Task.isCancelled {
            do {
                try await context.time.sleep(Self.period)
            } catch { return }
            let all = pods.list()
            await collectEnded(all)
            await collectOrphaned(all, &missingSince)
        }
    }

    private func collectEnded(_ all: [Pod]) async {
        let ended = all.filter { $0.hasEnded && $0.metadata.deletionTimestamp == nil }
        guard terminatedThreshold > 0, ended.count > terminatedThreshold else { return }
        let oldest = ended.sorted { ($0.metadata.creationTimestamp?.seconds ?? 0) < ($1.metadata.creationTimestamp?.seconds ?? 0) }
        for pod in oldest.prefix(ended.count - terminatedThreshold) { await remove(pod, because: "too many ended pods") }
    }

    private func collectOrphaned(_ all: [Pod], _ missingSince: inout [String: Duration]) async {
        let now = context.time.uptime()
        let wanted = Set(all.compactMap(\.spec.nodeName).filter { !$0.isEmpty })
        let missing = wanted.filter { nodes.get($0) == nil }
        missingSince = missingSince.filter { missing.contains($0.key) }
        for name in missing where missingSince[name] == nil { missingSince[name] = now }
        for (name, since) in missingSince where now - since >= Self.quarantine {
            do {
                _ = try await context.client.get(Node.self, name)
            } catch let error as APIStatusError where error.isNotFound {
                for pod in all where pod.spec.nodeName == name { await remove(pod, because: "its node is gone") }
            } catch {
                context.logger.warning("cannot look a node up", metadata: ["node": "\(name)", "error": "\(error)"])
            }
        }
        for pod in all where pod.metadata.deletionTimestamp != nil && pod.spec.nodeName?.isEmpty != false {
            await remove(pod, because: "it is being deleted and was never scheduled")
        }
    }

    private func remove(_ pod: Pod, because reason: String) async {
        let key = NamespacedName(pod.metadata)
        context.logger.info("removing a pod", metadata: ["pod": "\(key)", "reason": "\(reason)"])
        do {
            try await context.client.delete(Pod.self, key.name, namespace: key.namespace, DeleteOptions { $0.gracePeriodSeconds = 0 })
        } catch let error as APIStatusError where error.isNotFound {
        } catch {
            context.logger.warning("cannot remove a pod", metadata: ["pod": "\(key)", "error": "\(error)"])
        }
    }
}
