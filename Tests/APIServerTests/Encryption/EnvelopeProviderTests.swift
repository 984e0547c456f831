import KeyManagement
import KubernetesClient
import Logging
import Storage
import Synchronization
import Testing

@testable import APIServer

/// A key management plug-in in memory, whose key can be replaced.
private final class FakePlugin: KeyManagementService {
    struct State {
        var status = KeyManagementStatus(keyID: "key-1")
        /// What it encrypts with, where that is not what it says.
        var actual: String?
        var isDown = false
        var encrypted = 0
        var decrypted = 0
    }

    let state = Mutex(State())

    private func begin() throws {
        if state.withLock({ $0.isDown }) { throw KeyManagementError("the plug-in is away") }
    }

    func status() async throws -> KeyManagementStatus {
        try begin()
        return state.withLock { $0.status }
    }

    func encrypt(_ plaintext: [UInt8], id: String) async throws -> GuardedKey {
        try begin()
        let keyID = state.withLock { state in
            state.encrypted += 1
            return state.actual ?? state.status.keyID
        }
        return GuardedKey(ciphertext: plaintext.map { $0 ^ 0x55 }, keyID: keyID, annotations: ["id.example.com": Array(keyID.utf8)])
    }

    func decrypt(_ key: GuardedKey, id: String) async throws -> [UInt8] {
        try begin()
        guard key.annotations["id.example.com"] == Array(key.keyID.utf8) else { throw KeyManagementError("no such key") }
        state.withLock { $0.decrypted += 1 }
        return key.ciphertext.map { $0 ^ 0x55 }
    }
}

@Suite(.timeLimit(.minutes(1))) struct EnvelopeProviderTests {
    private static let place = "/registry/secrets/default/s"
    private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func configuration(_ providers: String, _ plugin: FakePlugin = FakePlugin()) throws -> EncryptionConfiguration {
        try EncryptionConfiguration(
            yaml: Array(
                """
                apiVersion: apiserver.config.k8s.io/v1
                kind: EncryptionConfiguration
                resources: [{resources: [secrets], providers: [\(providers)]}]
                """.utf8), path: "e.yaml"
        ) { endpoint, timeout in
            guard endpoint == "unix:///kms.sock", timeout == .seconds(3) else { throw KeyManagementError("no such plug-in") }
            return plugin
        }
    }

    private static let kms = "{kms: {apiVersion: v2, name: vault, endpoint: 'unix:///kms.sock'}}"

    private func store(_ inner: MemoryStore, _ configuration: EncryptionConfiguration) -> EncryptedStore {
        EncryptedStore(inner, configuration: configuration, logger: Self.quiet)
    }

    @Test func valuesAreSealedWithOneSeed() async throws {
        let (inner, plugin) = (MemoryStore(), FakePlugin())
        let value = Array("the password".utf8)
        let encrypted = store(inner, try Self.configuration(Self.kms, plugin))
        let seen = Mutex<[[UInt8]]>([])
        let watch = try encrypted.watch(.all, from: 0) { batch in
            guard case .events(let events, _) = batch else { return }
            for case .put(let stored) in events { seen.withLock { $0.append(stored.value) } }
        }
        // The first write waits for the plug-in; the others use its seed.
        for index in 0..<10 { _ = try await encrypted.commit(.create(key: Self.place + "\(index)", value: value)) }
        let raw = try #require(try await inner.get(Self.place + "0")).value
        #expect(raw.starts(with: Array("k8s:enc:kms:v2:vault:".utf8)) && !String(decoding: raw, as: UTF8.self).contains("password"))
        #expect(try await encrypted.get(Self.place + "9")?.value == value)
        #expect(plugin.state.withLock { $0.encrypted } == 1 && plugin.state.withLock { $0.decrypted } == 0)
        #expect(seen.withLock { $0 } == Array(repeating: value, count: 10))
        watch.cancel()

        // After a restart the plug-in is asked once for the seed of all ten.
        let later = store(inner, try Self.configuration(Self.kms, plugin))
        for index in 0..<10 { #expect(try await later.get(Self.place + "\(index)")?.value == value) }
        #expect(plugin.state.withLock { $0.decrypted } == 1)
        // Nothing of it opens elsewhere.
        _ = try await inner.commit(.create(key: "/registry/secrets/other/s", value: raw))
        await #expect(throws: StoreError.self) { try await later.get("/registry/secrets/other/s") }
    }

    @Test func anotherKeyMeansAnotherSeed() async throws {
        let (inner, plugin) = (MemoryStore(), FakePlugin())
        let configuration = try Self.configuration(Self.kms, plugin)
        let encrypted = store(inner, configuration)
        let provider = try #require(encrypted.envelopes.first)
        _ = try await encrypted.commit(.create(key: Self.place, value: [1]))
        let before = try #require(try await inner.get(Self.place)).value
        #expect(try await encrypted.rewrite() == 0)
        #expect(await provider.refresh() == false)
        plugin.state.withLock { $0.status.keyID = "key-2" }
        #expect(await provider.refresh())
        #expect(try await encrypted.rewrite() == 1)
        #expect(try await encrypted.rewrite() == 0)
        let after = try #require(try await inner.get(Self.place)).value
        #expect(after != before)
        #expect(try await encrypted.get(Self.place)?.value == [1])
        #expect(plugin.state.withLock { $0.encrypted } == 2)
    }

    @Test func aSeedDoesNotOutliveThePluginsWord() async throws {
        let clock = ManualClock()
        let plugin = FakePlugin()
        let provider = EnvelopeProvider(name: "vault", service: plugin, time: clock.timeSource, logger: Self.quiet)
        #expect(provider.problem != nil && !provider.isReady)
        #expect(throws: KeyManagementError.self) { try provider.seal([1], place: "/a") }
        _ = await provider.tick()
        #expect(provider.problem == nil && provider.isReady)
        let sealed = try provider.seal([1], place: "/a")
        // It is asked once a minute, and every ten seconds while it is in trouble.
        plugin.state.withLock { $0.isDown = true }
        clock.advance(by: .seconds(59))
        _ = await provider.tick()
        #expect(provider.problem == nil)
        clock.advance(by: .seconds(1))
        _ = await provider.tick()
        #expect(provider.problem == "the plug-in is away")
        clock.advance(by: .seconds(119))
        #expect(provider.isReady)
        clock.advance(by: .seconds(1))
        #expect(!provider.isReady)
        #expect(throws: KeyManagementError.self) { try provider.seal([1], place: "/a") }
        // What was written can still be read.
        guard case .value([1], isStale: false) = try provider.open(Array(sealed[provider.prefix.count...]), place: "/a") else {
            Issue.record("it must open")
            return
        }
        plugin.state.withLock { $0.isDown = false }
        _ = await provider.tick()
        #expect(provider.isReady && plugin.state.withLock { $0.encrypted } == 1)
    }

    @Test(
        arguments: [
            (KeyManagementStatus(version: "v1", keyID: "k"), nil, "must speak v2"),
            (KeyManagementStatus(health: "sealed", keyID: "k"), nil, "not well: sealed"),
            (KeyManagementStatus(keyID: ""), nil, "names no key"), (KeyManagementStatus(keyID: "k"), "other", "another key than it says"),
        ] as [(KeyManagementStatus, String?, String)])
    func pluginsThatAreNotBelieved(_ status: KeyManagementStatus, _ actual: String?, _ words: String) async {
        let plugin = FakePlugin()
        plugin.state.withLock { state in
            state.status = status
            state.actual = actual
        }
        let provider = EnvelopeProvider(name: "vault", service: plugin, logger: Self.quiet)
        #expect(await provider.refresh() == false)
        #expect(provider.problem?.contains(words) == true && !provider.isReady)
    }

    @Test func fromPlainAndBack() async throws {
        let (inner, plugin) = (MemoryStore(), FakePlugin())
        _ = try await inner.commit(.create(key: Self.place, value: [7]))
        for providers in ["\(Self.kms), {identity: {}}", "{identity: {}}, \(Self.kms)"] {
            let encrypted = store(inner, try Self.configuration(providers, plugin))
            for provider in encrypted.envelopes { await provider.refresh() }
            #expect(try await encrypted.rewrite() == 1)
            #expect(try await encrypted.get(Self.place)?.value == [7])
        }
        #expect(try await inner.get(Self.place)?.value == [7])
    }

    @Test(
        arguments: [
            ("{kms: {apiVersion: v1, name: a, endpoint: 'unix:///kms.sock'}}", "kms.apiVersion: must be v2"),
            ("{kms: {name: a, endpoint: 'unix:///kms.sock'}}", "kms.apiVersion: must be v2"),
            ("{kms: {apiVersion: v2, endpoint: 'unix:///kms.sock'}}", "kms.name: must be there"),
            ("{kms: {apiVersion: v2, name: 'a:b', endpoint: 'unix:///kms.sock'}}", "kms.name: must be there"),
            ("{kms: {apiVersion: v2, name: a, endpoint: 'tcp://x'}}", "kms.endpoint: no such plug-in"),
            ("{kms: {apiVersion: v2, name: a, endpoint: 'unix:///kms.sock', timeout: soon}}", "kms.timeout: must be a duration"),
            ("{kms: {apiVersion: v2, name: a, endpoint: 'unix:///kms.sock', timeout: 0s}}", "kms.timeout: must be a positive duration"),
            ("{kms: {apiVersion: v2, name: a, endpoint: 'unix:///kms.sock', address: x}}", "kms.address: unknown field"),
            ("{kms: {apiVersion: v2, name: a, endpoint: 'unix:///kms.sock', cachesize: 5}}", "kms.cachesize: is not supported"),
            ("\(kms), \(kms)", "providers[1].kms.name: the name vault is used"),
        ])
    func refusals(_ providers: String, _ words: String) {
        let error = #expect(throws: ConfigurationFileError.self) { try Self.configuration(providers) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
