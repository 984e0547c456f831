package import JSON

/// Keeps the sets of an object's managers while it is changed and applied to, and merges what is applied.
///
/// Objects come in the version of the request, in which their fields are named.
package struct FieldUpdater: Sendable {
    /// An object in a version, with the type that names its fields there.
    package struct Versioned: Sendable {
        package var tree: JSONValue
        package var schema: Schema

        package init(tree: JSONValue, schema: Schema) {
            self.tree = tree
            self.schema = schema
        }
    }

    package let apiVersion: String
    package let schema: Schema
    /// What of a set this view of the object can change; the rest the server puts back anyway.
    package let filter: @Sendable (FieldSet) -> FieldSet
    /// An object of the request's version in another one, nil when that is not served any more.
    package let convert: @Sendable (JSONValue, _ apiVersion: String) -> Versioned?

    package init(
        apiVersion: String, schema: Schema, filter: @escaping @Sendable (FieldSet) -> FieldSet = { $0 },
        convert: @escaping @Sendable (JSONValue, _ apiVersion: String) -> Versioned? = { _, _ in nil }
    ) {
        self.apiVersion = apiVersion
        self.schema = schema
        self.filter = filter
        self.convert = convert
    }

    // MARK: Update

    /// Everybody's sets after a change: what has changed is the changer's, and nobody else's any more.
    /// - Parameter comparison: the filtered differences between the old and the new object in the request's version.
    /// - Returns: the sets of the others, and what is the changer's by this change.
    package func update(
        _ managed: ManagedFields, old: JSONValue, new: JSONValue, comparison: FieldComparison
    ) -> (others: ManagedFields, changed: FieldSet) {
        let (others, _) = take(managed, old: old, new: new, comparison: comparison, except: nil)
        return (others, filter(comparison.changed).difference(Self.system))
    }

    /// What the server itself keeps in every object.
    package static let system = FieldSet(
        [.field("apiVersion")], [.field("kind")], [.field("metadata")], [.field("metadata"), .field("name")],
        [.field("metadata"), .field("namespace")], [.field("metadata"), .field("creationTimestamp")], [.field("metadata"), .field("selfLink")],
        [.field("metadata"), .field("uid")], [.field("metadata"), .field("clusterName")], [.field("metadata"), .field("generation")],
        [.field("metadata"), .field("managedFields")], [.field("metadata"), .field("resourceVersion")])

    /// Takes what has changed away from all managers but one.
    private func take(
        _ managed: ManagedFields, old: JSONValue, new: JSONValue, comparison: FieldComparison, except: ManagedFields.Manager?
    ) -> (managed: ManagedFields, conflicts: [FieldConflicts.Conflict]) {
        var result = managed
        var conflicts: [FieldConflicts.Conflict] = []
        var versions = [apiVersion: comparison]
        for manager in managed.managers where manager != except {
            guard let entry = managed.entries[manager] else { continue }
            if versions[entry.apiVersion] == nil {
                guard let before = convert(old, entry.apiVersion), let after = convert(new, entry.apiVersion) else {
                    result.entries[manager] = nil
                    continue
                }
                versions[entry.apiVersion] = FieldComparison(old: before.tree, new: after.tree, schema: before.schema).filtered(filter)
            }
            guard let comparison = versions[entry.apiVersion] else { continue }
            let taken = entry.set.intersection(comparison.changed)
            conflicts += taken.paths.map { FieldConflicts.Conflict(manager: manager, path: $0) }
            let left = entry.set.difference(taken).difference(comparison.removed)
            if left.isEmpty { result.entries[manager] = nil } else { result.entries[manager]?.set = left }
        }
        if let except, result.entries[except]?.set.isEmpty == true { result.entries[except] = nil }
        return (result, conflicts)
    }

    // MARK: Apply

    /// Puts a configuration on top of an object.
    /// - Returns: the new object, which equals the live one when nothing has changed, and everybody's sets. The time of the applier's entry is that of
    ///   the old one, if there was one.
    package func apply(
        _ configuration: JSONValue, to live: JSONValue, managed: ManagedFields, manager: ManagedFields.Manager, force: Bool
    ) throws(FieldConflicts) -> (object: JSONValue, managed: ManagedFields) {
        var managed = managed
        let merged = FieldMerge.merge(configuration, into: live, schema: schema)
        let last = managed.entries[manager]
        managed.entries[manager] = ManagedFields.Entry(
            set: filter(FieldSet(of: configuration, schema: schema)), apiVersion: apiVersion, time: last?.time)
        let object = prune(merged, managed, manager, last)
        let comparison = FieldComparison(old: live, new: object, schema: schema).filtered(filter)
        let (taken, conflicts) = take(managed, old: live, new: object, comparison: comparison, except: manager)
        if !force, !conflicts.isEmpty { throw FieldConflicts(conflicts: conflicts) }
        managed = taken
        if var entry = managed.entries[manager] {
            entry.set = entry.set.difference(Self.system)
            managed.entries[manager] = entry.set.isEmpty ? nil : entry
        }
        return (object, managed)
    }

    /// Removes what the manager applied last time and does not now, unless somebody else has it too.
    private func prune(
        _ merged: JSONValue, _ managed: ManagedFields, _ manager: ManagedFields.Manager, _ last: ManagedFields.Entry?
    ) -> JSONValue {
        guard let last, !last.set.isEmpty, let start = version(merged, last.apiVersion) else { return merged }
        let lastSet = last.set.withDeclaredParents(.object(start.schema))
        var pruned = start.tree.removing(lastSet, schema: start.schema)
        pruned = keepOwned(merged: start, pruned: pruned, version: last.apiVersion, managed)
        // What is gone now must have been the manager's own; what nobody or only an updater has stays.
        let gone = FieldSet(of: start.tree, schema: start.schema).withDeclaredParents(.object(start.schema))
            .difference(FieldSet(of: pruned, schema: start.schema).withDeclaredParents(.object(start.schema)))
        let result = start.tree.removing(gone.intersection(lastSet), schema: start.schema)
        return version(result, apiVersion)?.tree ?? merged
    }

    /// Gives back what was removed and somebody else, or this apply, has.
    private func keepOwned(merged: Versioned, pruned: JSONValue, version first: String, _ managed: ManagedFields) -> JSONValue {
        var sets: [String: FieldSet] = [:]
        for entry in managed.entries.values { sets[entry.apiVersion] = (sets[entry.apiVersion] ?? FieldSet()).union(entry.set) }
        var pruned = pruned
        // The pruned version first: others may need what it gives back to be converted at all.
        for version in [first] + sets.keys.filter({ $0 != first }).sorted() {
            guard let owned = sets[version], let whole = self.version(merged.tree, version), let rest = self.version(pruned, version) else {
                continue
            }
            let kept = Self.keepOwned(whole.tree, rest.tree, owned, whole.schema)
            if let back = self.version(kept, first) { pruned = back.tree }
        }
        return pruned
    }

    private static func keepOwned(_ merged: JSONValue, _ pruned: JSONValue, _ owned: FieldSet, _ schema: Schema) -> JSONValue {
        let shape = ApplyShape.object(schema)
        let before = FieldSet(of: merged, schema: schema).withDeclaredParents(shape)
        let after = FieldSet(of: pruned, schema: schema).withDeclaredParents(shape)
        return merged.removing(before.difference(after.union(owned.withDeclaredParents(shape))), schema: schema)
    }

    /// An object, in whatever version it is, in another.
    private func version(_ tree: JSONValue, _ version: String) -> Versioned? {
        if version == apiVersion, tree["apiVersion"]?.stringValue ?? apiVersion == apiVersion { return Versioned(tree: tree, schema: schema) }
        return convert(tree, version)
    }
}
