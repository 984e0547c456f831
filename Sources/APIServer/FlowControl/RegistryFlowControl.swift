import JSON
import Synchronization

/// Keeps flow control at what the registry's flow schemas and priority levels say.
final class RegistryFlowControl: Sendable {
    let control: FlowControl
    private let observers = Mutex<[ChangeObserver]>([])

    init(_ control: FlowControl) { self.control = control }

    /// Called once the registry's caches are filled and have what every cluster begins with.
    func follow(_ registry: Registry) {
        let group = FlowControlObjects.group
        let update: @Sendable () -> Void = { [control, weak registry] in
            guard let registry else { return }
            control.configure(
                schemas: registry.objects(group: group, resource: "flowschemas", namespace: nil),
                levels: registry.objects(group: group, resource: "prioritylevelconfigurations", namespace: nil))
        }
        let made = ["flowschemas", "prioritylevelconfigurations"].compactMap { registry.observe(group: group, resource: $0, onChange: update) }
        observers.withLock { $0 = made }
        control.weigh { [weak registry] info in
            registry?.resource(group: info.apiGroup, version: info.apiVersion, plural: info.resource)?.storage.cache.load(of: info)
        }
        update()
    }
}
