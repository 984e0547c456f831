import JSON

/// Through which view of an object an update comes: the object itself, its status, or another subresource.
enum UpdateView: Sendable {
    case object
    case status
    case subresource(UpdateSubresource)
    /// An edit by the server itself (`scale`, `binding`, eviction's condition), which the rules of clients' updates need not bind.
    case inner(validates: Bool)

    /// Whether a change through this view is a change of what is wanted.
    var countsGeneration: Bool {
        switch self {
        case .object, .subresource: true
        case .status: false
        case .inner(let validates): validates
        }
    }

    /// Whether what comes through this view may lack something that has a default. The rest of the object is as it is stored, where nothing lacks.
    func needsDefaults(_ strategy: Strategy) -> Bool {
        switch self {
        case .object, .subresource: true
        case .status: strategy.defaultsStatus
        case .inner(let validates): validates
        }
    }

    func prepare(_ object: inout JSONValue, old: JSONValue, _ strategy: Strategy, _ context: WriteContext) {
        switch self {
        case .object:
            // Kinds that keep no status of their own have nothing to protect.
            if strategy.emptyStatus != nil { object.take("status", from: old) }
            strategy.prepareUpdate(&object, old, context)
        case .status:
            var merged = old
            merged["metadata"] = object["metadata"]
            merged["status"] = object["status"]
            object = merged
            strategy.prepareStatusUpdate(&object, old)
            strategy.stampStatus(&object, old, context.now)
        case .subresource(let view):
            view.prepare(&object, old)
            strategy.stampStatus(&object, old, context.now)
        case .inner:
            break
        }
    }

    func validate(_ object: Field, old: JSONValue, _ strategy: Strategy) {
        switch self {
        case .object:
            if !strategy.validatesChangesOnly { strategy.validate(object) }
            strategy.validateUpdate(object, old)
        case .status:
            strategy.validateStatusUpdate(object, old)
        case .subresource(let view):
            view.validate(object, old)
        case .inner(let validates):
            if validates { strategy.validate(object) }
        }
    }
}
