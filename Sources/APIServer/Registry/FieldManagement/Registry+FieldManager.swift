import JSON
import KubernetesAPI

extension Registry {
    /// The keeper of managed fields for a write; nil for kinds whose fields are not known.
    func fieldManager(
        _ request: APIRequest, _ resource: ServedResource, _ options: WriteOptions, subresource: String, now: String
    ) -> FieldManager? {
        guard let schema = resource.schema else { return nil }
        return FieldManager(
            name: FieldManagerName.of(request, options), subresource: subresource, apiVersion: resource.type.apiVersion, now: now,
            updater: FieldUpdater(
                apiVersion: resource.type.apiVersion, schema: schema, filter: ResetFields.filter(resource, subresource: subresource),
                convert: { [resources] object, version in Self.convert(object, to: version, resource, among: resources) }),
            passedOver: ResetFields.passedOver(resource, subresource: subresource))
    }

    /// An object, in whatever version it is, in another in which its resource is served.
    private static func convert(
        _ object: JSONValue, to version: String, _ resource: ServedResource, among resources: [ServedResource]
    ) -> FieldUpdater.Versioned? {
        func served(_ version: String) -> ServedResource? {
            resources.first { $0.storage === resource.storage && $0.type.apiVersion == version }
        }
        guard let target = served(version), let schema = target.schema, let source = served(object.text("apiVersion")) else { return nil }
        var stored = object
        source.toStorage(&stored)
        return FieldUpdater.Versioned(tree: target.fromStorage(stored), schema: schema)
    }

    /// Writes down in a new object that its maker manages all its fields.
    /// - Parameter sent: the list that the client sent.
    func trackCreate(
        _ object: inout JSONValue, sent: JSONValue?, _ request: APIRequest, _ resource: ServedResource, _ options: WriteOptions, now: String
    ) {
        guard let schema = resource.schema else { return }
        let versioned = resource.fromStorage(object)
        var list = FieldManager.created(
            versioned, schema: schema, excluded: ResetFields.passedOver(resource, subresource: ""), name: FieldManagerName.of(request, options),
            apiVersion: resource.type.apiVersion, now: now)
        if let sent, !FieldManager.isReset(sent), let managed = try? ManagedFields(list: sent), !managed.isEmpty {
            // Others keep only what the new object does not have.
            let manager = fieldManager(request, resource, options, subresource: "", now: now)
            var merged = managed
            if let manager {
                let comparison = FieldComparison(old: [:], new: versioned, schema: schema).filtered(manager.updater.filter)
                merged =
                    manager.updater.update(managed, old: ["apiVersion": .string(resource.type.apiVersion)], new: versioned, comparison: comparison)
                    .others
            }
            if let own = try? ManagedFields(list: list) { merged.entries.merge(own.entries) { $1 } }
            list = merged.list
        }
        object["metadata"]?["managedFields"] = list
    }
}
