import KubernetesAPI
import KubernetesClient

/// Fresh identifiers for objects.
enum UID {
    static func random() -> String {
        var generator = RandomSource.current
        return NameGeneration.uuid(using: &generator)
    }

    /// A name for an object that only says how its name begins.
    static func name(from base: String) -> String {
        var generator = RandomSource.current
        return NameGeneration.name(base: base, using: &generator)
    }
}
