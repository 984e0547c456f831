import JSON

/// The parameters of a write that stand in the query.
struct WriteOptions: Sendable {
    enum FieldValidation: String, Sendable { case ignore = "Ignore", warn = "Warn", strict = "Strict" }

    var dryRun = false
    var fieldManager = ""
    var fieldValidation = FieldValidation.warn
    var force = false

    init() {}

    /// - Parameter kind: `CreateOptions`, `UpdateOptions`, ...; for messages.
    init(_ query: QueryItems, kind: String) throws(APIStatus) {
        let errors = FieldErrors()
        for value in query.all("dryRun") where !value.isEmpty {
            if value == "All" {
                dryRun = true
            } else {
                errors.add(FieldError(.notSupported, FieldPath("dryRun"), value: .string(value), "supported values: \"All\""))
            }
        }
        fieldManager = query["fieldManager"] ?? ""
        if fieldManager.utf8.count > 128 { errors.add(FieldError(.tooLong, FieldPath("fieldManager"), "may not be more than 128 bytes")) }
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
