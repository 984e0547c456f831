import JSON
import KubernetesAPI

/// The selectors of a list, a watch or a deletecollection, compiled once for the request.
struct ObjectFilter: Sendable {
    let labels: Selector
    let fields: FieldSelector
    private let readers: [String: @Sendable (JSONValue) -> String]
    /// The name that a field selector asks for.
    let name: String?

    init(_ query: QueryItems, _ resource: ServedResource) throws(APIStatus) {
        do throws(SelectorError) {
            labels = try query["labelSelector"].map { text throws(SelectorError) in try Selector(parsing: text) } ?? .everything
        } catch {
            throw .badRequest("unable to parse requirement: \(error)")
        }
        do throws(SelectorError) {
            fields = try query["fieldSelector"].map { text throws(SelectorError) in try FieldSelector(parsing: text) } ?? .everything
        } catch {
            throw .badRequest("\(error)")
        }
        var readers: [String: @Sendable (JSONValue) -> String] = [:]
        for requirement in fields.requirements {
            readers[requirement.field] = try Self.reader(requirement.field, resource)
        }
        self.readers = readers
        name = fields.requiredValue(of: "metadata.name")
    }

    private static func reader(_ field: String, _ resource: ServedResource) throws(APIStatus) -> @Sendable (JSONValue) -> String {
        switch field {
        case "metadata.name": return { $0.text("metadata", "name") }
        case "metadata.namespace" where resource.type.namespaced: return { $0.text("metadata", "namespace") }
        default: break
        }
        let stored = resource.conversion == nil ? field : (resource.storedFieldLabels[field] ?? field)
        guard let reader = resource.strategy.selectableFields[stored] else {
            throw .badRequest("field label not supported: \(field)")
        }
        return reader
    }

    var isEmpty: Bool { labels.isEmpty && fields.isEmpty }

    func matches(_ entry: WatchCacheEntry) -> Bool {
        if !labels.isEmpty {
            let own = entry.labels
            if !labels.matches({ own[$0] }) { return false }
        }
        guard !fields.isEmpty else { return true }
        if fields.requirements.count == 1, let name { return entry.name == name }
        let tree = entry.tree
        return fields.matches { readers[$0]?(tree) ?? "" }
    }

    /// As a function for watches; nil when everything matches.
    var predicate: (@Sendable (WatchCacheEntry) -> Bool)? {
        isEmpty ? nil : { @Sendable [self] in matches($0) }
    }

    /// The index that narrows a search by these selectors, if the resource has one.
    func indexKey(_ cache: WatchCache) -> WatchCacheIndexKey? {
        for requirement in fields.requirements where !requirement.isNegated && cache.hasIndex(requirement.field) {
            return WatchCacheIndexKey(index: requirement.field, value: requirement.value)
        }
        return nil
    }
}
