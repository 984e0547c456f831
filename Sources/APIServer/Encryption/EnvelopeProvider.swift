package import KeyManagement
package import KubernetesClient
package import Logging
import PKI
import Synchronization

/// Encrypts values with seeds that a key management service guards (provider `kms`, version 2).
///
/// One seed serves all values until the service says that it uses another key. Old seeds are decrypted by the service when a value that needs them is
/// first read, and kept in memory.
package final class EnvelopeProvider: Sendable {
    /// How often the service is asked how it is, when all is well and when it is not.
    static let interval = Duration.seconds(60)
    static let intervalInTrouble = Duration.seconds(10)
    /// How long a seed may encrypt without a good word from the service.
    static let writeLife = Duration.seconds(180)

    private struct Current {
        var key: GuardedKey
        var seed: DataKeySeed
        var until: Duration
    }

    private struct State {
        var current: Current?
        var seeds: [GuardedKey: DataKeySeed] = [:]
        var nextCheck: Duration?
        var problem: String? = "the key management plug-in has not been asked yet"
    }

    /// What became of a stored value.
    enum Opened {
        case value([UInt8], isStale: Bool)
        /// The service has to be asked for its seed first.
        case locked(GuardedKey)
    }

    let name: String
    /// What stands before everything that this provider has encrypted.
    let prefix: [UInt8]
    private let service: any KeyManagementService
    private let time: TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    package init(name: String, service: any KeyManagementService, time: TimeSource = .system, logger: Logger = Logger(label: "kms")) {
        self.name = name
        self.service = service
        self.time = time
        self.logger = logger
        prefix = Array("k8s:enc:kms:v2:\(name):".utf8)
    }

    /// What keeps the provider from its work; nil when all is well.
    var problem: String? { state.withLock { $0.problem } }

    /// Whether values can be encrypted now.
    var isReady: Bool {
        let now = time.uptime()
        return state.withLock { $0.current.map { now < $0.until } ?? false }
    }

    // MARK: Values

    /// - Throws: `KeyManagementError` when the service has not given its word lately.
    func seal(_ value: [UInt8], place: String) throws -> [UInt8] {
        let now = time.uptime()
        guard let current = state.withLock({ $0.current }), now < current.until else {
            throw KeyManagementError("nothing can be encrypted: \(problem ?? "the key management plug-in is silent")")
        }
        return prefix + (try Envelope(key: current.key, data: try current.seed.seal(value, place: place)).serialized())
    }

    /// - Parameter stored: what stands behind the prefix.
    func open(_ stored: [UInt8], place: String) throws -> Opened {
        let envelope = try Envelope(serialized: stored)
        let (seed, newest) = state.withLock { ($0.seeds[envelope.key], $0.current?.key.keyID) }
        guard let seed else { return .locked(envelope.key) }
        return .value(try seed.open(envelope.data, place: place), isStale: newest.map { $0 != envelope.key.keyID } ?? false)
    }

    /// Has the service decrypt a seed, so that `open` can use it.
    func unlock(_ key: GuardedKey) async throws {
        if state.withLock({ $0.seeds[key] != nil }) { return }
        let seed = try DataKeySeed(try await service.decrypt(key, id: RandomToken.uuid()))
        state.withLock { $0.seeds[key] = seed }
    }

    // MARK: The service

    /// Asks the service how it is, if it is time to. True when a new key is in use since.
    func tick() async -> Bool {
        let now = time.uptime()
        let isDue = state.withLock { state in
            if let next = state.nextCheck, now < next { return false }
            state.nextCheck = now + Self.interval
            return true
        }
        return isDue ? await refresh() : false
    }

    /// Asks the service how it is, and takes its key into use.
    @discardableResult
    func refresh() async -> Bool {
        do {
            let hasChanged = try await follow(try await service.status())
            let was = state.withLock { state in
                defer { state.problem = nil }
                state.nextCheck = time.uptime() + Self.interval
                return state.problem
            }
            if was != nil { logger.notice("the key management plug-in is well", metadata: ["provider": "\(name)"]) }
            return hasChanged
        } catch {
            logger.error("the key management plug-in is in trouble", metadata: ["provider": "\(name)", "error": "\(error)"])
            state.withLock { state in
                state.problem = "\(error)"
                state.nextCheck = time.uptime() + Self.intervalInTrouble
            }
            return false
        }
    }

    private func follow(_ status: KeyManagementStatus) async throws -> Bool {
        guard status.version == "v2" || status.version == "v2beta1" else {
            throw KeyManagementError("the plug-in speaks version \(status.version) and must speak v2")
        }
        guard status.health == "ok" else { throw KeyManagementError("the plug-in says that it is not well: \(status.health)") }
        if status.keyID.isEmpty { throw KeyManagementError("the plug-in names no key") }
        let isKnown = state.withLock { state in
            guard state.current?.key.keyID == status.keyID else { return false }
            state.current?.until = time.uptime() + Self.writeLife
            return true
        }
        if isKnown { return false }
        let seed = DataKeySeed()
        let key = try await service.encrypt(seed.secret, id: RandomToken.uuid())
        if let problem = key.problem { throw KeyManagementError(problem) }
        guard key.keyID == status.keyID else { throw KeyManagementError("the plug-in encrypted with another key than it says it uses") }
        let isFirst = state.withLock { state in
            defer {
                state.current = Current(key: key, seed: seed, until: time.uptime() + Self.writeLife)
                state.seeds[key] = seed
            }
            return state.current == nil
        }
        logger.notice("values are encrypted with another key from now on", metadata: ["provider": "\(name)"])
        return !isFirst
    }
}
