import APIServer
import JSON
import Logging
import Storage
import Testing

let podScope = ResourceScope(prefix: "/registry/pods/", namespaced: true, apiVersion: "v1", kind: "Pod")

/// The stored form of a pod.
func podBytes(_ namespace: String, _ name: String, labels: [String: String] = [:], node: String? = nil, generation: Int64 = 0) -> [UInt8] {
    var metadata: JSONValue = ["name": .string(name), "namespace": .string(namespace), "generation": .integer(generation)]
    if !labels.isEmpty {
        metadata["labels"] = .object(JSONObject(uniqueEntries: labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    var spec: JSONValue = ["containers": [["name": "c", "image": "i"]]]
    if let node { spec["nodeName"] = .string(node) }
    let pod: JSONValue = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    return pod.serialized()
}

/// A cache of pods over a store, running while `body` does.
func withCache(
    _ store: any Store, configuration: WatchCache.Configuration = podConfiguration, _ body: (WatchCache) async throws -> Void
) async throws {
    let cache = WatchCache(scope: podScope, store: store, configuration: configuration, logger: Logger(label: "test"))
    let running = Task { try await cache.run() }
    defer { running.cancel() }
    try await cache.waitUntilFresh(timeout: .seconds(30))
    try await body(cache)
    running.cancel()
    try await running.value
}

var podConfiguration: WatchCache.Configuration {
    var configuration = WatchCache.Configuration()
    configuration.indexes = [.field("spec.nodeName", at: ["spec", "nodeName"]), .ownerUID]
    return configuration
}

extension Store {
    /// Writes a pod whatever it was before; returns the revision.
    @discardableResult
    func putPod(
        _ namespace: String, _ name: String, labels: [String: String] = [:], node: String? = nil, generation: Int64 = 0
    ) async throws -> Int64 {
        let value = podBytes(namespace, name, labels: labels, node: node, generation: generation)
        let result = try await commit(Transaction(operations: [.put(key: podScope.key(namespace: namespace, name: name), value: value)]))
        return try #require(result.revision)
    }

    @discardableResult
    func deletePod(_ namespace: String, _ name: String) async throws -> Int64 {
        let result = try await commit(Transaction(operations: [.delete(key: podScope.key(namespace: namespace, name: name))]))
        return try #require(result.revision)
    }
}

/// `ADDED default/a@3`, for comparing what a watcher was sent.
func summary(_ frame: WatchFrame) -> String {
    switch frame {
    case .bookmark(let revision, let endsInitial, _): "BOOKMARK@\(revision)\(endsInitial ? " end" : "")"
    default:
        if let object = frame.object {
            "\(frame.type.rawValue) \(object.namespace ?? "-")/\(object.name)@\(object.resourceVersion)"
        } else {
            frame.type.rawValue
        }
    }
}

extension CacheWatcher {
    /// Everything there is for the watcher now.
    func drain() -> (frames: [String], end: WatchDelivery.State) {
        var frames: [String] = []
        while true {
            let delivery = next(max: 3)
            frames += delivery.frames.map(summary)
            if delivery.state != .more { return (frames, delivery.state) }
        }
    }
}
