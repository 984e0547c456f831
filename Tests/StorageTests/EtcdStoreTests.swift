import EtcdFixture
import Testing

@testable import Storage

/// What only a store that is somewhere else has to do.
@Suite struct EtcdStoreTests {
    @Test(
        arguments: [
            ("https://127.0.0.1:2379", .host("127.0.0.1", port: 2379), true), ("http://etcd.example:1/", .host("etcd.example", port: 1), false),
            ("https://[::1]:2379", .host("::1", port: 2379), true), ("unix:///run/kine.sock", .socket(path: "/run/kine.sock"), false),
            ("unixs://name:1", .socket(path: "name:1"), true),
        ] as [(String, EtcdEndpoint.Place, Bool)])
    func addresses(text: String, place: EtcdEndpoint.Place, isEncrypted: Bool) {
        let endpoint = EtcdEndpoint(text)
        #expect(endpoint?.place == place)
        #expect(endpoint?.isEncrypted == isEncrypted)
        #expect(endpoint?.description == text)
    }

    @Test(arguments: [
        "", "127.0.0.1:2379", "https://", "https://host", "https://host:0", "https://host:99999", "http://::1:5", "ftp://host:1", "unix://",
    ])
    func whatIsNoAddress(text: String) {
        #expect(EtcdEndpoint(text) == nil)
    }

    @Test func keysExpireWithTheirLeases() async throws {
        let fixture = try await StoreFixture(.etcd)
        let store = try await fixture.open()
        let (recorder, _) = try store.record(from: 0)
        try await store.put("event", "1", timeToLive: .seconds(1))
        #expect(await recorder.summaries(through: 2) == ["+ event=1@1", "- event=1@1 at 2"])
        store.close()
    }

    @Test func keysWrittenTogetherShareALease() async throws {
        let fixture = try await StoreFixture(.etcd)
        let running = try RunningEtcdStore(try #require(fixture.etcd).endpoints)
        try await running.waitUntilReady()
        let leases = EtcdLeases(running.store.client, reuse: .seconds(60))
        var used: [Int64] = []
        for _ in 0..<1001 { used.append(try await leases.lease(for: .seconds(3600))) }
        used.append(try await leases.lease(for: .seconds(10)))
        let counts = Dictionary(grouping: used) { $0 }.mapValues(\.count)
        #expect(counts.values.sorted() == [1, 1, 1000])
        running.close()
    }

    @Test func keysStandUnderThePrefix() async throws {
        let fixture = try await StoreFixture(.etcd)
        let endpoints = try #require(fixture.etcd).endpoints
        let plain = try RunningEtcdStore(endpoints)
        let moved = try RunningEtcdStore(endpoints) { $0.keys = EtcdKeySpace("/registry", inEtcd: "/clusters/a") }
        let recorder = WatchRecorder(from: 1)
        try await plain.waitUntilReady()
        try await moved.waitUntilReady()
        _ = try moved.store.watch(KeyRange(prefix: "/registry/"), from: 1) { recorder.receive($0) }
        try await moved.store.put("/registry/pods/x", "1")
        try await plain.store.put("/registry/pods/y", "2")
        try await plain.store.put("/clusters/a/pods/z", "3")
        #expect(await recorder.summaries(through: 4) == ["+ /registry/pods/x=1@2", "+ /registry/pods/z=3@4"])
        #expect(try await moved.store.contents(KeyRange(prefix: "/registry/pods/")) == ["/registry/pods/x=1@2", "/registry/pods/z=3@4"])
        #expect(try await plain.store.contents(KeyRange(prefix: "/clusters/")) == ["/clusters/a/pods/x=1@2", "/clusters/a/pods/z=3@4"])
        plain.close()
        moved.close()
    }

    @Test func oneOfManyCompacts() async throws {
        let fixture = try await StoreFixture(.etcd)
        let endpoints = try #require(fixture.etcd).endpoints
        let servers = try (0..<3).map { _ in try RunningEtcdStore(endpoints) }
        for server in servers { try await server.waitUntilReady() }
        for round in 0..<4 {
            let revision = try await servers[0].store.put("k", "\(round)")
            var done = 0
            for server in servers where try await server.store.mayCompact(to: revision) {
                try await server.store.compact(to: revision)
                done += 1
            }
            #expect(done == 1)
        }
        // Who comes later learns where history begins, from etcd itself.
        let late = try RunningEtcdStore(endpoints)
        try await late.waitUntilReady()
        #expect(late.store.compactedRevision > 1)
        #expect(late.store.compactedRevision == servers.map(\.store.compactedRevision).max())
        #expect(throws: StoreError.self) { _ = try late.store.watch(.all, from: 1) { _ in } }
        for server in servers + [late] { server.close() }
    }

    /// Members are killed one after the other while clients write: what was acknowledged is there, and the watch has told of everything once.
    @Test(arguments: [StoreKind.etcd, .etcd3])
    func membersAreKilled(kind: StoreKind) async throws {
        let fixture = try await StoreFixture(kind)
        let cluster = try #require(fixture.etcd)
        let store = try await fixture.open()
        let (recorder, _) = try store.record(from: 0)
        let acknowledged = try await withThrowingTaskGroup(of: [String: Int64].self) { group in
            for writer in 0..<8 {
                group.addTask {
                    var done: [String: Int64] = [:]
                    for index in 0..<60 {
                        let key = "\(writer)/\(index)"
                        if case .committed(let revision)? = try? await store.commit(.create(key: key, value: bytes(key))) { done[key] = revision }
                    }
                    return done
                }
            }
            group.addTask {
                for member in 0..<(kind == .etcd ? 1 : 3) {
                    try await cluster.kill(member)
                    try cluster.start(member)
                    // Not the next one before this one is back, or too few are left.
                    while case nil = try? await store.put("alive", "\(member)") { try await Task.sleep(for: .milliseconds(20)) }
                }
                return [:]
            }
            return try await group.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        }
        let last = try await store.put("last")
        let told = await recorder.summaries(through: last)
        #expect(recorder.violations == [])
        #expect(recorder.ended == nil)
        let stored = try await store.range(RangeRequest(.all)).keyValues
        for (key, revision) in acknowledged {
            #expect(stored.contains { $0.key == key && $0.modRevision == revision }, "\(key) at \(revision)")
            #expect(told.contains("+ \(key)=\(key)@\(revision)"), "\(key) at \(revision)")
        }
        #expect(Set(told).count == told.count)
        #expect(acknowledged.count > 400)
        store.close()
    }
}
