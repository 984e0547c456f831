import JSON

/// The parameters of a write that stand in the query.
struct WriteOptions: Sendable {
    enum FieldValidation: String, Sendable { case ignore = "Ignore", warn = "Warn", strict = "Strict" }
    enum Patch: Sendable { case apply, other }

    var dryRun = false
    var fieldManager = ""
    var fieldValidation = FieldValidation.warn
    var force = false

    init() {}

    /// - Parameters:
    ///   - kind: `CreateOptions`, `UpdateOptions`, ...; for messages.
    ///   - patch: which sort of patch it is, if it is one.
    init(_ query: QueryItems, kind: String, patch: Patch? = nil) throws(APIStatus) {
        let errors = FieldErrors()
        switch patch {
        case .apply where (query["fieldManager"] ?? "").isEmpty:
            errors.add(FieldError(.required, FieldPath("fieldManager"), "is required for apply patch"))
        case .other where query["force"] != nil:
            errors.add(FieldError(.forbidden, FieldPath("force"), "may not be specified for non-apply patch"))
        default: break
        }
        for value in query.all("dryRun") where !value.isEmpty {
            if value == "All" {
                dryRun = true
            } else {
                errors.add(FieldError(.notSupported, FieldPath("dryRun"), value: .string(value), "supported values: \"All\""))
            }
        }
        fieldManager = query["fieldManager"] ?? ""
        if !fieldManager.isEmpty { FieldManagerName.check(fieldManager, FieldPath("fieldManager"), errors) }
        force = query.bool("force")
        if let text = query["fieldValidation"], !text.isEmpty {
            if let wish = FieldValidation(rawValue: text) {
                fieldValidation = wish
            } else {
                errors.add(
                    FieldError(
                        .notSupported, FieldPath("fieldValidation"), value: .string(text), "supported values: \"Ignore\", \"Strict\", \"Warn\""))
            }
        }
        if !errors.isEmpty { throw .invalid(group: "meta.k8s.io", kind: kind, name: "", errors.list) }
    }
}
