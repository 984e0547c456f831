import KubernetesClient
import Logging
import ServiceLifecycle

/// Where the configuration of encryption stands (`--encryption-provider-config`).
package struct EncryptionOptions: Sendable {
    package var configuration: EncryptionConfiguration
    /// Followed while the server runs (`--encryption-provider-config-automatic-reload`); nil: the configuration stays what it is.
    package var path: String?

    package init(configuration: EncryptionConfiguration, path: String? = nil) {
        self.configuration = configuration
        self.path = path
    }
}

/// Keeps what is stored to the configuration of encryption, and asks those outside who guard keys how they are.
struct EncryptionUpkeep: Service {
    static let period = Duration.seconds(5)

    let store: EncryptedStore
    var time = TimeSource.system
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            await askOutside()
            await rewrite()
            while true {
                try await time.sleep(Self.period)
                if await askOutside() { await rewrite() }
            }
        }
    }

    /// Takes another configuration into use, and writes anew what it wants kept otherwise.
    ///
    /// - Throws: `ConfigurationFileError`; then the old one stays.
    func take(_ bytes: [UInt8], path: String) async throws {
        store.replace(try EncryptionConfiguration(yaml: bytes, path: path))
        await askOutside()
        await rewrite()
    }

    /// True when one of those outside uses another key since.
    @discardableResult
    private func askOutside() async -> Bool {
        var hasChanged = false
        for provider in store.envelopes where await provider.tick() { hasChanged = true }
        return hasChanged
    }

    private func rewrite() async {
        do {
            try await store.rewrite()
        } catch {
            logger.error("stored values cannot be encrypted anew", metadata: ["error": "\(error)"])
        }
    }
}
