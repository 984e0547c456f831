import CoreV1
import KubernetesAPI
import Synchronization

/// Which pods a fake kubelet may start by now.
final class Gate: Sendable {
    private let names: Mutex<Set<String>>

    init(_ names: Set<String> = []) { self.names = Mutex(names) }

    func open(_ more: Set<String>) { names.withLock { $0.formUnion(more) } }

    func isOpen(for pod: Pod) -> Bool { names.withLock { $0.contains(pod.metadata.name ?? "") } }
}
