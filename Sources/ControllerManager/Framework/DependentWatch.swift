import KubernetesAPI
import KubernetesClient

/// Puts the owners of changed dependents into a work queue, keeps expectations, and finds an owner's dependents without a scan.
struct DependentWatch<Owner: KubernetesResource, Dependent: KubernetesResource>: Sendable {
    let owners: Informer<Owner>
    let dependents: Informer<Dependent>
    let queue: WorkQueue<NamespacedName>
    var expectations: Expectations?
    let selector: @Sendable (Owner) -> LabelSelector?

    /// By the uid of the controller.
    static var ownerIndex: String { "controllerUID" }
    /// By namespace, of those without a controller.
    static var orphanIndex: String { "orphans" }

    /// Adds the indexes and the handlers. `updated` hears of changes of dependents whose owner stays, beside the owner being queued.
    func install(updated: @escaping @Sendable (_ owner: Owner, _ old: Dependent, _ new: Dependent) -> Void = { _, _, _ in }) {
        let watch = self
        dependents.addIndex(Self.ownerIndex) { object in object.metadata.controllerReference.map { [$0.uid] } ?? [] }
        dependents.addIndex(Self.orphanIndex) { object in
            object.metadata.controllerReference == nil ? [object.metadata.namespace ?? ""] : []
        }
        owners.addHandler(
            added: { watch.queue.add(NamespacedName($0.metadata)) },
            updated: { old, new in
                if old.metadata.uid != new.metadata.uid { watch.expectations?.forget(NamespacedName(old.metadata)) }
                watch.queue.add(NamespacedName(new.metadata))
            },
            deleted: { owner in
                watch.expectations?.forget(NamespacedName(owner.metadata))
                watch.queue.add(NamespacedName(owner.metadata))
            })
        dependents.addHandler(
            added: { object in
                guard object.metadata.deletionTimestamp == nil else { return watch.sawDeletion(object) }
                guard object.metadata.controllerReference != nil else { return watch.queueMatching(object) }
                guard let owner = watch.owner(of: object) else { return }
                let key = NamespacedName(owner.metadata)
                watch.expectations?.sawCreation(key)
                watch.queue.add(key)
            },
            updated: { old, new in
                if new.metadata.deletionTimestamp != nil { watch.sawDeletion(new) }
                let before = watch.owner(of: old)
                let after = watch.owner(of: new)
                if let before, before.metadata.uid != after?.metadata.uid { watch.queue.add(NamespacedName(before.metadata)) }
                if let after {
                    watch.queue.add(NamespacedName(after.metadata))
                    updated(after, old, new)
                } else if new.metadata.controllerReference == nil,
                    before != nil || old.metadata.labels != new.metadata.labels
                {
                    watch.queueMatching(new)
                }
            },
            deleted: { watch.sawDeletion($0) })
    }

    /// The owner that the object's controller reference names, if it is the one that still exists under the name.
    func owner(of object: Dependent) -> Owner? {
        guard let reference = object.metadata.controllerReference, reference.kind == Owner.resource.kind,
            let owner = owners.get(reference.name, namespace: object.metadata.namespace), owner.metadata.uid == reference.uid
        else { return nil }
        return owner
    }

    /// What the owner controls, and what it may adopt.
    func candidates(of owner: Owner, matching selector: Selector) -> [Dependent] {
        let owned = dependents.list(index: Self.ownerIndex, key: owner.metadata.uid ?? "")
        let orphans = dependents.list(index: Self.orphanIndex, key: owner.metadata.namespace ?? "")
        return owned + orphans.filter { selector.matches($0.metadata.labels) }
    }

    private func sawDeletion(_ object: Dependent) {
        guard let owner = owner(of: object) else { return }
        let key = NamespacedName(owner.metadata)
        expectations?.sawDeletion(key, uid: object.metadata.uid ?? "")
        queue.add(key)
    }

    private func queueMatching(_ object: Dependent) {
        for owner in owners.list(namespace: object.metadata.namespace ?? "") {
            if let selector = try? Selector(selector(owner)), !selector.isEmpty, selector.matches(object.metadata.labels) {
                queue.add(NamespacedName(owner.metadata))
            }
        }
    }
}
