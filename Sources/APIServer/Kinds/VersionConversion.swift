import JSON

/// How objects of a version that is served but not stored are turned into the stored one and back.
struct VersionConversion: Sendable {
    let toStorage: @Sendable (inout JSONValue) -> Void
    let fromStorage: @Sendable (inout JSONValue) -> Void
}
