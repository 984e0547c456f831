import JSON

/// Parameters of operations, in paths and queries.
enum OpenAPIParameter: String, CaseIterable {
    // In the path.
    case name, namespace, path
    // Of every operation.
    case pretty
    // Of operations that write.
    case dryRun, fieldManager, fieldValidation, force
    // Of operations that delete.
    case gracePeriodSeconds, orphanDependents, propagationPolicy
    // Of operations that list.
    case allowWatchBookmarks, `continue`, fieldSelector, labelSelector, limit, resourceVersion, resourceVersionMatch, sendInitialEvents
    case timeoutSeconds, watch

    static let list: [OpenAPIParameter] = [
        .allowWatchBookmarks, .continue, .fieldSelector, .labelSelector, .limit, .resourceVersion, .resourceVersionMatch, .sendInitialEvents,
        .timeoutSeconds, .watch,
    ]
    static let create: [OpenAPIParameter] = [.dryRun, .fieldManager, .fieldValidation]
    static let patch: [OpenAPIParameter] = [.dryRun, .fieldManager, .fieldValidation, .force]
    static let delete: [OpenAPIParameter] = [.dryRun, .gracePeriodSeconds, .orphanDependents, .propagationPolicy]
    static let deleteCollection: [OpenAPIParameter] = [
        .continue, .dryRun, .fieldSelector, .gracePeriodSeconds, .labelSelector, .limit, .orphanDependents, .propagationPolicy, .resourceVersion,
        .resourceVersionMatch, .timeoutSeconds,
    ]

    private var type: JSONValue {
        switch self {
        case .force, .orphanDependents, .allowWatchBookmarks, .sendInitialEvents, .watch: "boolean"
        case .gracePeriodSeconds, .limit, .timeoutSeconds: "integer"
        default: "string"
        }
    }

    private var isInPath: Bool { [.name, .namespace, .path].contains(self) }

    private var description: JSONValue {
        switch self {
        case .name: "The name of the object."
        case .namespace: "The namespace of the object."
        case .path: "The path to ask the object for."
        case .pretty: "Whether to indent the answer."
        case .dryRun: "`All` to do everything but store the result."
        case .fieldManager: "Who makes the change, in the bookkeeping of fields."
        case .fieldValidation: "What to do about unknown and repeated fields: `Ignore`, `Warn` or `Strict`."
        case .force: "Whether apply takes fields from other managers."
        case .gracePeriodSeconds: "How long the object may take to end, in seconds; 0 ends it at once."
        case .orphanDependents: "Deprecated: use propagationPolicy."
        case .propagationPolicy: "What happens to the objects that this one owns: `Orphan`, `Background` or `Foreground`."
        case .allowWatchBookmarks: "Whether a watch may send bookmarks, which only tell the revision."
        case .continue: "Where the list before this one ended, from its metadata."
        case .fieldSelector: "Only objects whose fields have these values."
        case .labelSelector: "Only objects with these labels."
        case .limit: "At most so many objects; the rest is got with continue."
        case .resourceVersion: "The revision to start from, or that the answer must have reached."
        case .resourceVersionMatch: "How resourceVersion is meant: `Exact` or `NotOlderThan`."
        case .sendInitialEvents: "Whether a watch begins with the objects that exist."
        case .timeoutSeconds: "How long the request may take, in seconds."
        case .watch: "Whether to stay and hear of every change."
        }
    }

    func document(_ dialect: OpenAPIDialect) -> JSONValue {
        var value: JSONValue = ["name": .string(rawValue), "in": isInPath ? "path" : "query", "description": description]
        if isInPath { value["required"] = true }
        switch dialect {
        case .v2:
            value["type"] = type
            value["uniqueItems"] = true
        case .v3: value["schema"] = ["type": type, "uniqueItems": true]
        }
        return value
    }
}
