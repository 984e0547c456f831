import APIServer
import Flags

/// How values are encrypted at rest.
enum EncryptionFlags {
    /// Nil: not at all.
    static func options(_ flags: FlagValues) throws -> EncryptionOptions? {
        let follows = flags.bool("encryption-provider-config-automatic-reload")
        guard let path = flags.text("encryption-provider-config") else {
            if follows {
                throw FlagProblem("--encryption-provider-config-automatic-reload must be set with --encryption-provider-config")
            }
            return nil
        }
        let configuration = try EncryptionConfiguration(yaml: try ServingFiles.read(path), path: path)
        return EncryptionOptions(configuration: configuration, path: follows ? path : nil)
    }
}
