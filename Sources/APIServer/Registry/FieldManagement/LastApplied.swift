import JSON
import KubernetesAPI

/// The annotation in which kubectl's client-side apply keeps what it applied; it lets kubectl go over to server-side apply without conflicts with its
/// former self.
enum LastApplied {
    static let annotation = "kubectl.kubernetes.io/last-applied-configuration"
    /// As much as all annotations of an object may have together.
    private static let annotationsMax = 256 * 1024

    /// The conflicts that remain when those are forgiven that are about what the annotation says and the object still has.
    static func conflicts(_ conflicts: FieldConflicts, live: JSONValue, _ updater: FieldUpdater) -> FieldConflicts {
        guard let text = live.at("metadata", "annotations", annotation)?.stringValue, !text.isEmpty,
            let last = try? JSONValue(parsing: text), last.text("apiVersion") == updater.apiVersion,
            (try? ApplyValidation.check(last, schema: updater.schema)) != nil
        else { return conflicts }
        let comparison = FieldComparison(old: last, new: live, schema: updater.schema)
        let own = FieldSet(of: last, schema: updater.schema).difference(comparison.changed).difference(comparison.removed)
        var left = conflicts
        left.conflicts.removeAll { own.contains($0.path) }
        return left
    }

    /// Brings the annotation up to date, if the object has it.
    static func refresh(_ object: inout JSONValue, _ configuration: JSONValue) {
        guard object.at("metadata", "annotations", annotation)?.stringValue?.isEmpty == false else { return }
        var applied = configuration
        if applied.at("metadata", "annotations", annotation) != nil { applied["metadata"]?["annotations"]?[annotation] = nil }
        object["metadata"]?["annotations"]?[annotation] = .string(applied.sortedByKeys.description + "\n")
        let size =
            object.at("metadata", "annotations")?.objectValue?.reduce(0) { $0 + $1.key.utf8.count + ($1.value.stringValue?.utf8.count ?? 0) } ?? 0
        if size > annotationsMax { object["metadata"]?["annotations"]?[annotation] = nil }
    }
}

extension JSONValue {
    /// The same document, the members of its objects in the order of their names.
    fileprivate var sortedByKeys: JSONValue {
        switch self {
        case .array(let items): .array(items.map(\.sortedByKeys))
        case .object(let members): .object(members.sortedByKey().mapValues(\.sortedByKeys))
        default: self
        }
    }
}
