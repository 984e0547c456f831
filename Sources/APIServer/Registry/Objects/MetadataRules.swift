import JSON
import KubernetesAPI

/// The rules of `metadata`, which are the same for all kinds.
enum MetadataRules {
    static func validate(_ metadata: Field, namespaced: Bool, name rule: (String) -> [String]) {
        let name = metadata["name"]
        if !metadata["generateName"].string.isEmpty {
            // A generated name is checked with its end on, so that a base that ends in a dash is fine.
            let base = metadata["generateName"]
            for complaint in rule(base.string.hasSuffix("-") || base.string.hasSuffix(".") ? String(base.string.dropLast()) + "a" : base.string) {
                base.invalid(complaint)
            }
        }
        if name.string.isEmpty {
            name.errors.add(FieldError(.required, name.path, "name or generateName is required"))
        } else {
            for complaint in rule(name.string) { name.invalid(complaint) }
        }
        let namespace = metadata["namespace"]
        if namespaced {
            if namespace.string.isEmpty { namespace.required() } else { namespace.matches(NameValidation.dns1123Label) }
        } else if !namespace.string.isEmpty {
            namespace.forbidden("not allowed on this type")
        }
        LabelRules.labels(metadata["labels"])
        LabelRules.annotations(metadata["annotations"])
        ownerReferences(metadata["ownerReferences"])
        finalizers(metadata["finalizers"])
    }

    private static func ownerReferences(_ references: Field) {
        var controller: String?
        references.each { reference in
            if reference["apiVersion"].string.isEmpty { reference["apiVersion"].invalid(.string(""), "version must not be empty") }
            if reference["kind"].string.isEmpty { reference["kind"].invalid(.string(""), "must not be empty") }
            if reference["name"].string.isEmpty { reference["name"].invalid(.string(""), "must not be empty") }
            if reference["uid"].string.isEmpty { reference["uid"].invalid(.string(""), "must not be empty") }
            if reference["apiVersion"].string == "v1", reference["kind"].string == "Event" {
                reference.invalid(reference.value ?? .null, "v1, Kind=Event is disallowed from being an owner")
            }
            guard reference["controller"].bool else { return }
            if let first = controller {
                references.invalid(
                    references.value ?? .null,
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(first) and \(reference["name"].string)")
            } else {
                controller = reference["name"].string
            }
        }
    }

    private static func finalizers(_ finalizers: Field) {
        var orphan = false
        var foreground = false
        finalizers.each { finalizer in
            let name = finalizer.string
            switch name {
            case "orphan": orphan = true
            case "foregroundDeletion": foreground = true
            case "kubernetes": break
            default:
                for complaint in NameValidation.qualifiedName(name) { finalizers.invalid(.string(name), complaint) }
                if !name.contains("/") {
                    finalizers.invalid(.string(name), "name is neither a standard finalizer name nor is it fully qualified")
                }
            }
        }
        if orphan, foreground {
            finalizers.invalid(finalizers.value ?? .null, "finalizer orphan and foregroundDeletion cannot be both set")
        }
    }

    static func validateUpdate(_ metadata: Field, _ old: JSONValue) {
        for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"] {
            metadata[field].immutable(since: old[field])
        }
        guard old["deletionTimestamp"] != nil else { return }
        let before = Set(old.list("finalizers").compactMap(\.stringValue))
        let added = (metadata["finalizers"].value?.arrayValue ?? []).compactMap(\.stringValue).filter { !before.contains($0) }
        if !added.isEmpty {
            let names = added.map { "\"\($0)\"" }.joined(separator: ", ")
            metadata["finalizers"].forbidden(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{\(names)}")
        }
    }

    /// What the server alone sets in a new object.
    static func fillNew(_ metadata: inout JSONValue, now: String) {
        metadata["uid"] = .string(UID.random())
        metadata["creationTimestamp"] = .string(now)
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation", "managedFields"]
        where metadata[field] != nil {
            metadata[field] = nil
        }
    }

    /// What an update can't change.
    static func keep(_ metadata: inout JSONValue, from old: JSONValue) {
        if metadata.text("uid").isEmpty { metadata.take("uid", from: old) }
        metadata.take("creationTimestamp", from: old)
        metadata.take("generation", from: old)
        if old["deletionTimestamp"] != nil {
            metadata.take("deletionTimestamp", from: old)
            metadata.setDefault("deletionGracePeriodSeconds", old["deletionGracePeriodSeconds"] ?? .null)
        } else {
            metadata["deletionTimestamp"] = nil
            metadata["deletionGracePeriodSeconds"] = nil
        }
        for field in ["selfLink", "resourceVersion"] where metadata[field] != nil { metadata[field] = nil }
    }
}
