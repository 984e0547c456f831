import JSON
import KubernetesAPI

/// The managed fields of an object as its scale shows them, and back: of all that the managers have, the scale knows the number of replicas alone.
struct ScaleFields {
    static let apiVersion = "autoscaling/v1"
    static let replicas: [PathElement] = [.field("spec"), .field("replicas")]

    let parent: ManagedFields
    /// The version in which the object was addressed.
    let version: String
    /// Where the object has its number of replicas.
    let path: [PathElement]

    /// nil when the object's list can't be read.
    init?(_ list: JSONValue?, version: String, view: ScaleView) {
        guard let parent = try? ManagedFields(list: list) else { return nil }
        self.parent = parent
        self.version = version
        path = view.specReplicas.map { .field($0) }
    }

    /// The managers who have the number of replicas.
    var scale: ManagedFields {
        var result = ManagedFields()
        for (manager, entry) in parent.entries where entry.set.contains(path) {
            var key = manager
            if !key.isApply { key.apiVersion = Self.apiVersion }
            result.entries[key] = ManagedFields.Entry(set: FieldSet(Self.replicas), apiVersion: Self.apiVersion, time: entry.time)
        }
        return result
    }

    /// The object's managers when the scale's have become these.
    func merged(with scale: ManagedFields) -> ManagedFields {
        var result = parent
        var new = scale.entries
        for (manager, entry) in parent.entries where entry.set.contains(path) {
            var key = manager
            if !key.isApply { key.apiVersion = Self.apiVersion }
            if new.removeValue(forKey: key) != nil { continue }
            // Somebody has taken the number away.
            let left = entry.set.difference(FieldSet(path))
            result.entries[manager] = left.isEmpty ? nil : ManagedFields.Entry(set: left, apiVersion: entry.apiVersion, time: entry.time)
        }
        for (manager, entry) in new where entry.set.contains(Self.replicas) {
            var key = manager
            if !key.isApply { key.apiVersion = version }
            let before = result.entries[key]
            result.entries[key] = ManagedFields.Entry(
                set: FieldSet(path).union(before?.set ?? FieldSet()), apiVersion: version, time: parent.entries[key]?.time)
        }
        return result
    }
}
