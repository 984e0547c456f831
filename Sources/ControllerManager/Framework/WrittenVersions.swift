import KubernetesAPI
import KubernetesClient
import Synchronization

/// The resource version of the last write of each object, for controllers whose objects an informer may still show as they were before.
///
/// Informers of different kinds keep no order between them: one may show the pods as a write to their owner has left them, and another the owner as it
/// was before that write. Who computes with both would do a second time what is done.
final class WrittenVersions: Sendable {
    private let versions = Mutex<[NamespacedName: UInt64]>([:])

    /// Notes what the server answered to a write.
    func wrote(_ metadata: ObjectMeta) {
        guard let version = metadata.resourceVersion.flatMap({ UInt64($0) }) else { return }
        versions.withLock { $0[NamespacedName(metadata)] = version }
    }

    /// Whether the object, as an informer shows it, is as young as what was written last.
    func includes(_ metadata: ObjectMeta) -> Bool {
        guard let shown = metadata.resourceVersion.flatMap({ UInt64($0) }) else { return true }
        return versions.withLock { $0[NamespacedName(metadata)] ?? 0 } <= shown
    }

    /// The object is gone.
    func forget(_ key: NamespacedName) {
        versions.withLock { $0[key] = nil }
    }
}
