import JSON
import KubernetesAPI

/// The step between the two admissions: what a client may not set is put right, then the object has to keep its kind's rules.
enum PruneAndValidate {
    static func create(_ object: inout JSONValue, _ resource: ServedResource, _ context: WriteContext) throws(APIStatus) {
        let strategy = resource.strategy
        if !strategy.createKeepsStatus {
            if let empty = strategy.emptyStatus { object["status"] = empty } else if object["status"] != nil { object["status"] = nil }
        }
        strategy.prepareCreate(&object, context)
        if !strategy.generation.isEmpty { object["metadata"]?["generation"] = 1 }
        Tidy.metadata(&object)
        let mistakes = FieldErrors.collect { errors in
            let root = Field(object, errors: errors)
            MetadataRules.validate(root["metadata"], namespaced: resource.type.namespaced, name: strategy.name)
            strategy.validate(root)
        }
        if !mistakes.isEmpty { throw resource.invalid(object.text("metadata", "name"), mistakes) }
    }

    /// - Parameter old: the stored object, without `resourceVersion`.
    static func update(
        _ object: inout JSONValue, old: JSONValue, view: UpdateView, _ resource: ServedResource, _ context: WriteContext
    ) throws(APIStatus) {
        let strategy = resource.strategy
        view.prepare(&object, old: old, strategy, context)
        Tidy.metadata(&object)
        if !strategy.generation.isEmpty, view.countsGeneration {
            let changed = strategy.generation.contains { object.valueAtPath($0[...]) != old.valueAtPath($0[...]) }
            if changed { object["metadata"]?["generation"] = .integer(old.number("metadata", "generation") &+ 1) }
        }
        let mistakes = FieldErrors.collect { errors in
            let root = Field(object, errors: errors)
            MetadataRules.validate(root["metadata"], namespaced: resource.type.namespaced, name: { _ in [] })
            MetadataRules.validateUpdate(root["metadata"], old["metadata"] ?? [:])
            view.validate(root, old: old, strategy)
        }
        if !mistakes.isEmpty { throw resource.invalid(object.text("metadata", "name"), mistakes) }
    }
}

/// Empty lists and maps of metadata are not stored: an object has labels or it has not.
enum Tidy {
    static func metadata(_ object: inout JSONValue) {
        object.edit("metadata") { metadata in
            for field in ["labels", "annotations", "ownerReferences", "finalizers", "generateName"] where metadata[field]?.isZero == true {
                metadata[field] = nil
            }
        }
    }
}
