import EtcdFixture
import Foundation
import Logging
import Storage
import Testing

/// The stores that keep the contract. Each test of the contract runs for all of them.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case sqlite
    /// One member of etcd.
    case etcd
    /// Three members of etcd.
    case etcd3

    var testDescription: String { rawValue }

    /// Whether what was written is still there when it is opened again.
    var isDurable: Bool { self != .memory }

    /// Whether its keys expire by the fixture's clock.
    var hasClock: Bool { self == .memory || self == .sqlite }
}

/// A store in a folder of its own that goes when the test ends.
final class StoreFixture: Sendable {
    let kind: StoreKind
    let clock: ManualStoreClock
    let folder: URL
    let etcd: EtcdMembers?

    var file: String { folder.appendingPathComponent("store.db").path }

    init(_ kind: StoreKind) async throws {
        self.kind = kind
        clock = ManualStoreClock(nowMilliseconds: 1_000_000)
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        etcd =
            switch kind {
            case .memory, .sqlite: nil
            case .etcd: try await EtcdMembers(members: 1, in: folder)
            case .etcd3: try await EtcdMembers(members: 3, in: folder)
            }
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func open(_ configuration: SQLiteStore.Configuration = .init()) async throws -> any ClosableStore {
        switch kind {
        case .memory: MemoryStore(clock: clock)
        case .sqlite: try SQLiteStore(path: file, configuration: configuration, clock: clock, logger: Logger(label: "test"))
        case .etcd, .etcd3: try await EtcdFromOne(etcd?.endpoints ?? [])
        }
    }
}

protocol ClosableStore: Store {
    func close()
}

extension MemoryStore: ClosableStore {}
extension SQLiteStore: ClosableStore {}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension Store {
    @discardableResult
    func put(_ key: String, _ value: String = "", timeToLive: Duration? = nil) async throws -> Int64 {
        let result = try await commit(Transaction(operations: [.put(key: key, value: bytes(value), timeToLive: timeToLive)]))
        return try #require(result.revision)
    }

    @discardableResult
    func remove(_ key: String) async throws -> Int64 {
        let result = try await commit(Transaction(operations: [.delete(key: key)]))
        return try #require(result.revision)
    }

    /// `a=1@3` for each key of a range.
    func contents(_ range: KeyRange = .all, at revision: Int64? = nil) async throws -> [String] {
        try await self.range(RangeRequest(range, revision: revision)).keyValues.map(summary)
    }
}

func summary(_ keyValue: KeyValue) -> String {
    "\(keyValue.key)=\(String(decoding: keyValue.value, as: UTF8.self))@\(keyValue.modRevision)"
}

func summary(_ event: StoreEvent) -> String {
    switch event {
    case .put(let keyValue): "\(keyValue.createRevision == keyValue.modRevision ? "+" : "~") \(summary(keyValue))"
    case .delete(let last, let revision): "- \(summary(last)) at \(revision)"
    }
}
