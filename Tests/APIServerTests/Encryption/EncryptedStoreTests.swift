import JSON
import KubernetesAPI
import Logging
import Storage
import Synchronization
import Testing

@testable import APIServer

@Suite struct EncryptedStoreTests {
    private static let key1 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    private static let key2 = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
    private static let place = "/registry/secrets/default/s"

    private func configuration(_ providers: String, resources: String = "[secrets]") throws -> EncryptionConfiguration {
        try EncryptionConfiguration(
            yaml: Array(
                """
                apiVersion: apiserver.config.k8s.io/v1
                kind: EncryptionConfiguration
                resources:
                - resources: \(resources)
                  providers: [\(providers)]
                """.utf8), path: "e.yaml")
    }

    private func cipher(_ kind: String, _ keys: [(String, String)]) -> String {
        "{\(kind): {keys: [\(keys.map { "{name: \($0.0), secret: \($0.1)}" }.joined(separator: ", "))]}}"
    }

    private func store(_ inner: MemoryStore, _ configuration: EncryptionConfiguration) -> EncryptedStore {
        EncryptedStore(inner, configuration: configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    @Test(arguments: ["aesgcm", "aescbc", "secretbox"])
    func secretsAreNotStoredAsTheyAre(kind: String) async throws {
        let inner = MemoryStore()
        let encrypted = store(inner, try configuration(cipher(kind, [("k1", Self.key1)]) + ", {identity: {}}"))
        let seen = Mutex<[[UInt8]]>([])
        let watch = try encrypted.watch(.all, from: 0) { batch in
            guard case .events(let events, _) = batch else { return }
            for case .put(let stored) in events { seen.withLock { $0.append(stored.value) } }
        }
        let value = Array("the password".utf8)
        _ = try await encrypted.commit(.create(key: Self.place, value: value))
        _ = try await encrypted.commit(.create(key: "/registry/configmaps/default/c", value: value))
        let raw = try #require(try await inner.get(Self.place)).value
        #expect(raw.starts(with: Array("k8s:enc:\(kind):v1:k1:".utf8)))
        #expect(!String(decoding: raw, as: UTF8.self).contains("password"))
        #expect(try await encrypted.get(Self.place)?.value == value)
        #expect(try await inner.get("/registry/configmaps/default/c")?.value == value)
        #expect(seen.withLock { $0 } == [value, value])
        watch.cancel()
    }

    @Test func keysAreReplacedWithoutLoss() async throws {
        let inner = MemoryStore()
        let value = Array("v".utf8)
        _ = try await inner.commit(.create(key: Self.place, value: value))
        // From plain to one key, to another key, and back to plain.
        let encrypted = store(inner, try configuration(cipher("aescbc", [("k1", Self.key1)]) + ", {identity: {}}"))
        #expect(try await encrypted.get(Self.place)?.value == value)
        #expect(try await encrypted.rewrite() == 1)
        #expect(try await encrypted.rewrite() == 0)
        encrypted.replace(try configuration(cipher("aesgcm", [("k2", Self.key2)]) + ", " + cipher("aescbc", [("k1", Self.key1)])))
        #expect(try await encrypted.get(Self.place)?.value == value)
        #expect(try await encrypted.rewrite() == 1)
        #expect(try await inner.get(Self.place)?.value.starts(with: Array("k8s:enc:aesgcm:v1:k2:".utf8)) == true)
        encrypted.replace(try configuration("{identity: {}}, " + cipher("aesgcm", [("k2", Self.key2)])))
        #expect(try await encrypted.rewrite() == 1)
        #expect(try await inner.get(Self.place)?.value == value)
    }

    @Test func whatCannotBeOpenedIsAnErrorAndNotData() async throws {
        let inner = MemoryStore()
        let first = store(inner, try configuration(cipher("aesgcm", [("k1", Self.key1)])))
        _ = try await first.commit(.create(key: Self.place, value: [1]))
        let other = store(inner, try configuration(cipher("aesgcm", [("k1", Self.key2)])))
        await #expect(throws: StoreError.self) { try await other.get(Self.place) }
        // Not encrypted, and nothing allows that.
        _ = try await inner.commit(.create(key: "/registry/secrets/default/plain", value: [1]))
        await #expect(throws: StoreError.self) { try await first.get("/registry/secrets/default/plain") }
        // The value of one secret in the place of another.
        let raw = try #require(try await inner.get(Self.place)).value
        _ = try await inner.commit(.create(key: "/registry/secrets/default/moved", value: raw))
        await #expect(throws: StoreError.self) { try await first.get("/registry/secrets/default/moved") }
    }

    @Test(arguments: [
        "{aesgcm: {keys: []}}", "{aesgcm: {}}", "{rot13: {}}", "{}", "{identity: {}, aesgcm: {}}", "{aesgcm: {keys: [{name: a, secret: AAAA}]}}",
        "{aesgcm: {keys: [{name: a, secret: '?'}]}}", "{secretbox: {keys: [{name: 'a:b', secret: \(key1)}]}}",
        "{aescbc: {keys: [{name: a, secret: \(key1)}, {name: a, secret: \(key2)}]}}", "",
        "{aesgcm: {keys: [{name: a, secret: \(key1), size: 32}]}}", "{aesgcm: {keys: [{name: a, secret: \(key1)}], key: 1}}",
        "{identity: {keys: []}}", "{identity: {}, aescfb: {}}", "{aesgcm: {keys: {name: a, secret: \(key1)}}}",
    ])
    func configurationsThatCannotBeUsed(providers: String) {
        #expect {
            _ = try configuration(providers)
        } throws: { error in
            // Whatever is wrong: no key is in the message.
            !"\(error)".contains(Self.key1) && error is ConfigurationFileError
        }
    }

    @Test func aFieldThatIsNoneIsNamed() {
        let error = #expect(throws: ConfigurationFileError.self) { _ = try configuration("{aesgcm: {keys: [{name: a, sekret: x}]}}") }
        #expect(error?.description == "e.yaml: resources[0].providers[0].aesgcm.keys[0].sekret: unknown field; there are name, secret")
    }

    @Test func resourcesByNameAndPattern() throws {
        let apps = try configuration("{identity: {}}", resources: "[secrets, '*.apps', widgets.example.com]")
        for (group, plural, named) in [
            ("", "secrets", true), ("", "configmaps", false), ("apps", "deployments", true), ("example.com", "widgets", true),
            ("example.com", "secrets", false),
        ] {
            #expect((apps.providers(group: group, plural: plural) != nil) == named, "\(plural).\(group)")
        }
        #expect(try configuration("{identity: {}}", resources: "['*.*']").providers(group: "batch", plural: "jobs") != nil)
        let prefixes = KindTable.storagePrefixes(.builtIn)
        #expect(prefixes.contains { $0.prefix == "/registry/services/endpoints/" && $0.plural == "endpoints" })
        #expect(prefixes.contains { $0.prefix == "/registry/secrets/" && $0.plural == "secrets" })
    }
}
