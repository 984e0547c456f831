extension APIStatus {
    /// An object that breaks its kind's rules.
    static func invalid(group: String, kind: String, name: String, _ errors: [FieldError]) -> APIStatus {
        invalid(
            group: group, kind: kind, name: name,
            causes: errors.map { Cause(reason: $0.kind.rawValue, message: $0.body, field: $0.field) })
    }

    /// A read asked for a version that the store has not reached.
    static func tooLargeResourceVersion(_ wanted: Int64, current: Int64) -> APIStatus {
        var status = timeout("Too large resource version: \(wanted), current: \(current)", retryAfterSeconds: 1)
        status.details?.causes = [Cause(reason: "ResourceVersionTooLarge", message: "Too large resource version")]
        return status
    }

    /// An eviction that the budget does not allow now.
    static func disruptionBudget(_ message: String, cause: String, retryAfterSeconds: Int = 0) -> APIStatus {
        var status = tooManyRequests(message, retryAfterSeconds: retryAfterSeconds)
        status.details?.causes = [Cause(reason: "DisruptionBudget", message: cause)]
        return status
    }
}
