import EtcdFixture
import Foundation
import JSON
import Logging
import NIOHTTP1
import PKI
import Storage
import Synchronization
import Testing

@testable import APIServer

/// What a whole API server leaves in its store, with etcd and with the embedded store.
@Suite(.timeLimit(.minutes(5))) struct EncryptionAtRestTests {
    private static let key1 = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    private static let key2 = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
    private static let word = "open-sesame-4417"
    private static let place = "/registry/secrets/default/treasure"
    private static let secrets = "/api/v1/namespaces/default/secrets"

    private static func text(_ providers: String) -> String {
        """
        apiVersion: apiserver.config.k8s.io/v1
        kind: EncryptionConfiguration
        resources: [{resources: [secrets], providers: [\(providers)]}]
        """
    }

    private static func cipher(_ kind: String, _ name: String, _ key: String) -> String {
        "{\(kind): {keys: [{name: \(name), secret: \(key)}]}}"
    }

    private func withFolder(_ body: (URL) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("at-rest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder)
    }

    /// All that lies in files of the folder.
    private static func lies(_ text: String, in folder: URL) throws -> Bool {
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects.compactMap { $0 as? URL } ?? []
        #expect(!files.isEmpty)
        return files.contains { file in (try? Data(contentsOf: file)).map { $0.range(of: Data(text.utf8)) != nil } ?? false }
    }

    private static func treasure(_ name: String = "treasure") -> JSONValue {
        ["metadata": ["name": .string(name)], "stringData": ["word": .string(word)]]
    }

    /// How the server keeps secrets at first, and whether it follows the file from then on.
    private static func configure(_ path: String) throws -> (inout APIServerConfiguration) -> Void {
        let options = EncryptionOptions(
            configuration: try EncryptionConfiguration(yaml: try SecretFile.read(path) ?? [], path: path), path: path)
        return { $0.encryption = options }
    }

    @Test func withEtcd() async throws {
        try await withFolder { folder in
            let members = try await EtcdMembers(members: 1, in: folder)
            let plain = try RunningEtcdStore(members.endpoints)
            defer { plain.close() }
            try await plain.waitUntilReady()
            let path = folder.appendingPathComponent("encryption.yaml").path
            try SecretFile.write(Array(Self.text(Self.cipher("aescbc", "k1", Self.key1) + ", {identity: {}}").utf8), to: path)
            let own = try RunningEtcdStore(members.endpoints)
            defer { own.close() }
            try await WholeServer.with(store: own.store, try Self.configure(path)) { whole in
                let made = try await whole.call(.POST, Self.secrets, Self.treasure(), user: WholeServer.admin)
                #expect(made.status == 201, "\(made.text)")
                let raw = try #require(try await plain.store.get(Self.place))
                #expect(raw.value.starts(with: Array("k8s:enc:aescbc:v1:k1:".utf8)))
                // Another key, and another kind of cipher: the file alone says so, while the server runs.
                let (values, value) = AsyncStream<[UInt8]>.makeStream()
                let watch = try plain.store.watch(KeyRange(key: Self.place), from: raw.modRevision + 1) { batch in
                    guard case .events(let events, _) = batch else { return }
                    for case .put(let stored) in events { value.yield(stored.value) }
                }
                defer { watch.cancel() }
                let both = Self.cipher("secretbox", "k2", Self.key2) + ", " + Self.cipher("aescbc", "k1", Self.key1)
                try SecretFile.write(Array(Self.text(both).utf8), to: path)
                var changes = values.makeAsyncIterator()
                let next = try #require(await changes.next())
                #expect(next.starts(with: Array("k8s:enc:secretbox:v1:k2:".utf8)))
                let read = try await whole.call(.GET, Self.secrets + "/treasure", user: WholeServer.admin)
                #expect(read.json["data"]?["word"]?.stringValue == Data(Self.word.utf8).base64EncodedString())
                let metrics = try await whole.call(.GET, "/metrics", user: WholeServer.admin)
                #expect(metrics.text.contains("apiserver_encryption_config_controller_automatic_reloads_total{apiserver_id_hash="))
            }
            // A server that has the new key alone reads it; one that has the old key alone does not take it for data.
            for (key, status) in [(Self.cipher("secretbox", "k2", Self.key2), 200), (Self.cipher("aescbc", "k1", Self.key1), 0)] {
                let store = EncryptedStore(
                    plain.store, configuration: try EncryptionConfiguration(yaml: Array(Self.text(key).utf8), path: path),
                    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
                if status == 200 {
                    #expect(try await store.get(Self.place)?.value.isEmpty == false)
                } else {
                    await #expect(throws: StoreError.self) { try await store.get(Self.place) }
                }
            }
            // Neither what is there nor what was there before lies on etcd's disk as it is.
            #expect(try !Self.lies(Self.word, in: folder))
            #expect(try !Self.lies(Data(Self.word.utf8).base64EncodedString(), in: folder))
            #expect(try Self.lies("k8s:enc:secretbox:v1:k2:", in: folder))
        }
    }

    /// The same look finds what is not encrypted: it is one that can fail.
    @Test(arguments: [true, false])
    func withTheEmbeddedStore(isEncrypted: Bool) async throws {
        try await withFolder { folder in
            let path = folder.appendingPathComponent("encryption.yaml").path
            try SecretFile.write(Array(Self.text(Self.cipher("aesgcm", "k1", Self.key1)).utf8), to: path)
            let configure: (inout APIServerConfiguration) -> Void = isEncrypted ? try Self.configure(path) : { _ in }
            let data = folder.appendingPathComponent("data")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            let store = try SQLiteStore(path: data.path + "/store.db", logger: Logger(label: "test"))
            try await WholeServer.with(store: store, configure) { whole in
                #expect(try await whole.call(.POST, Self.secrets, Self.treasure(), user: WholeServer.admin).status == 201)
                let read = try await whole.call(.GET, Self.secrets + "/treasure", user: WholeServer.admin)
                #expect(read.json["data"]?["word"]?.stringValue == Data(Self.word.utf8).base64EncodedString())
            }
            let lies = try Self.lies(Data(Self.word.utf8).base64EncodedString(), in: data)
            #expect(lies != isEncrypted)
            store.close()
        }
    }
}
