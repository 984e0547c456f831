import KubernetesAPI

/// Fresh identifiers for objects.
enum UID {
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return NameGeneration.uuid(using: &generator)
    }

    /// A name for an object that only says how its name begins.
    static func name(from base: String) -> String {
        var generator = SystemRandomNumberGenerator()
        return NameGeneration.name(base: base, using: &generator)
    }
}
