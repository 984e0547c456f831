import Logging
import PKI
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

/// Keeps a store to the configuration that a file holds, and what is stored to that configuration.
struct EncryptionFile: Service {
    let store: EncryptedStore
    let path: String?
    var period = Duration.seconds(5)
    let logger: Logger

    func run() async throws {
        await rewrite()
        guard let path else { return try await gracefulShutdown() }
        try? await cancelWhenGracefulShutdown {
            var known = Self.read(path)
            while true {
                try await Task.sleep(for: period)
                guard let bytes = Self.read(path), bytes != known else { continue }
                known = bytes
                do {
                    store.replace(try EncryptionConfiguration(yaml: bytes))
                    logger.notice("the configuration of encryption was replaced", metadata: ["file": "\(path)"])
                    await rewrite()
                } catch {
                    logger.error("the configuration of encryption stays as it was", metadata: ["file": "\(path)", "error": "\(error)"])
                }
            }
        }
    }

    private func rewrite() async {
        do {
            try await store.rewrite()
        } catch {
            logger.error("stored values cannot be encrypted anew", metadata: ["error": "\(error)"])
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        do { return try SecretFile.read(path) } catch { return nil }
    }
}
