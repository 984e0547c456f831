import JSON

/// How objects of a version that is served but not stored are turned into the stored one and back.
struct VersionConversion: Sendable {
    let toStorage: @Sendable (inout JSONValue) -> Void
    let fromStorage: @Sendable (inout JSONValue) -> Void
}

extension VersionConversion {
    /// Of a version that differs from the stored one in nothing but its name.
    static func renaming(_ served: String, stored: String) -> VersionConversion {
        VersionConversion(toStorage: { $0["apiVersion"] = .string(stored) }, fromStorage: { $0["apiVersion"] = .string(served) })
    }
}
