import CoreV1
import KubernetesAPI
import KubernetesClient

/// Puts into a queue the services whose endpoints a change may concern: of a service itself, or of a pod it selects.
struct ServiceWatcher: Sendable {
    let services: Informer<Service>
    let pods: Informer<Pod>
    let queue: WorkQueue<NamespacedName>

    init(_ context: ControllerContext) {
        services = context.informers.informer(Service.self)
        pods = context.informers.informer(Pod.self)
        queue = WorkQueue(time: context.time)
        watch()
    }

    private func watch() {
        let (services, queue) = (services, queue)
        services.addHandler(
            added: { queue.add(NamespacedName($0.metadata)) },
            updated: { _, new in queue.add(NamespacedName(new.metadata)) },
            deleted: { queue.add(NamespacedName($0.metadata)) })
        @Sendable func enqueue(_ pod: Pod) {
            for service in services.list(namespace: pod.metadata.namespace ?? "") where !service.spec.selector.isEmpty {
                if service.spec.selector.allSatisfy({ pod.metadata.labels[$0.key] == $0.value }) {
                    queue.add(NamespacedName(service.metadata))
                }
            }
        }
        pods.addHandler(
            added: enqueue,
            updated: { old, new in
                guard Self.matters(old, new) else { return }
                enqueue(new)
                if old.metadata.labels != new.metadata.labels { enqueue(old) }
            },
            deleted: enqueue)
    }

    /// Whether a change of a pod can show in endpoints.
    private static func matters(_ old: Pod, _ new: Pod) -> Bool {
        old.isReady != new.isReady || old.status.podIP != new.status.podIP || old.status.phase != new.status.phase
            || old.metadata.deletionTimestamp?.seconds != new.metadata.deletionTimestamp?.seconds
            || old.metadata.labels != new.metadata.labels || old.spec.nodeName != new.spec.nodeName
            || old.status.podIPs.count != new.status.podIPs.count
    }
}
