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
        try? await cancelWhenGracefulShutdown {
            await askOutside()
            await rewrite()
            guard path != nil || !store.envelopes.isEmpty else { return try await Task.sleep(for: .seconds(Int64(Int32.max))) }
            var known = path.flatMap(Self.read)
            while true {
                try await Task.sleep(for: period)
                if await askOutside() { await rewrite() }
                guard let path, let bytes = Self.read(path), bytes != known else { continue }
                known = bytes
                do {
                    store.replace(try EncryptionConfiguration(yaml: bytes))
                    logger.notice("the configuration of encryption was replaced", metadata: ["file": "\(path)"])
                    await askOutside()
                    await rewrite()
                } catch {
                    logger.error("the configuration of encryption stays as it was", metadata: ["file": "\(path)", "error": "\(error)"])
                }
            }
        }
    }

    /// Asks those outside who guard keys how they are. True when one of them uses another key since.
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

    private static func read(_ path: String) -> [UInt8]? {
        do { return try SecretFile.read(path) } catch { return nil }
    }
}
