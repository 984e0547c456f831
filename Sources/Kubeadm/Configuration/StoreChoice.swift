import Flags
import JSON

/// Where a cluster keeps its objects.
package enum StoreChoice: Sendable {
    /// SQLite, in the one kube-apiserver that there is.
    case embedded
    /// A member of etcd on each control plane, as a static pod.
    case local(LocalEtcd)
    /// An etcd that somebody else looks after.
    case external(ExternalEtcd)

    /// - Parameters:
    ///   - isWanted: `--etcd`.
    ///   - local, external: the fields of ClusterConfiguration's `etcd`.
    /// - Throws: `FlagProblem` naming the field.
    init(isWanted: Bool, local: JSONValue?, external: JSONValue?) throws(FlagProblem) {
        switch (local, external) {
        case (.some, .some): throw FlagProblem("etcd.local and etcd.external exclude each other")
        case (nil, let external?):
            guard !isWanted else { throw FlagProblem("--etcd and etcd.external exclude each other") }
            self = .external(try ExternalEtcd(external))
        case (let local?, nil): self = .local(try LocalEtcd(local))
        case (nil, nil): self = isWanted ? .local(try LocalEtcd([:])) : .embedded
        }
    }

    var local: LocalEtcd? {
        if case .local(let etcd) = self { etcd } else { nil }
    }

    /// As ClusterConfiguration's `etcd`.
    var tree: JSONValue? {
        switch self {
        case .embedded: return nil
        case .local(let etcd):
            var local: JSONValue = ["dataDir": .string(etcd.dataFolder)]
            if !etcd.arguments.isEmpty { local["extraArgs"] = InitSettings.tree(etcd.arguments) }
            if !etcd.serverNames.isEmpty { local["serverCertSANs"] = .array(etcd.serverNames.map { .string($0) }) }
            if !etcd.peerNames.isEmpty { local["peerCertSANs"] = .array(etcd.peerNames.map { .string($0) }) }
            return ["local": local]
        case .external(let etcd):
            var external: JSONValue = ["endpoints": .array(etcd.endpoints.map { .string($0) })]
            for (field, path) in [("caFile", etcd.authorityPath), ("certFile", etcd.certificatePath), ("keyFile", etcd.keyPath)] where !path.isEmpty {
                external[field] = .string(path)
            }
            return ["external": external]
        }
    }
}

/// A member of etcd that kubeadm looks after.
package struct LocalEtcd: Sendable {
    static let clientPort = 2379
    static let peerPort = 2380
    /// Health and measurements, without TLS, for this machine only.
    static let metricsPort = 2381

    var dataFolder = "/var/lib/etcd"
    var serverNames: [String] = []
    var peerNames: [String] = []
    var arguments: [(name: String, value: String)] = []

    /// - Parameter tree: ClusterConfiguration's `etcd.local`.
    init(_ tree: JSONValue) throws(FlagProblem) {
        let fields = try StrictFields(
            tree, "etcd.local", known: ["dataDir", "serverCertSANs", "peerCertSANs", "extraArgs", "imageRepository", "imageTag"])
        dataFolder = fields.text("dataDir") ?? dataFolder
        serverNames = fields.list("serverCertSANs")
        peerNames = fields.list("peerCertSANs")
        arguments = try InitSettings.arguments(tree["extraArgs"], "etcd.local.extraArgs")
    }
}

package struct ExternalEtcd: Sendable {
    var endpoints: [String]
    /// Empty where there is no TLS.
    var authorityPath: String
    var certificatePath: String
    var keyPath: String

    /// - Parameter tree: ClusterConfiguration's `etcd.external`.
    init(_ tree: JSONValue) throws(FlagProblem) {
        let fields = try StrictFields(tree, "etcd.external", known: ["endpoints", "caFile", "certFile", "keyFile"])
        endpoints = fields.list("endpoints")
        authorityPath = fields.text("caFile") ?? ""
        certificatePath = fields.text("certFile") ?? ""
        keyPath = fields.text("keyFile") ?? ""
        guard !endpoints.isEmpty else { throw FlagProblem("etcd.external.endpoints must name at least one URL") }
    }
}

/// A mapping of a configuration file whose presence alone means something.
struct StrictFields {
    private let tree: JSONValue

    /// - Throws: `FlagProblem` naming a field that is not known.
    init(_ tree: JSONValue, _ path: String, known: [String]) throws(FlagProblem) {
        self.tree = tree
        guard tree.isNull || tree.objectValue != nil else { throw FlagProblem("\(path): must be a mapping") }
        for (name, _) in tree.objectValue ?? [:] where !known.contains(name) {
            throw FlagProblem("\(path).\(name): unknown field; there are \(known.joined(separator: ", "))")
        }
    }

    func text(_ field: String) -> String? { tree[field]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } }

    func list(_ field: String) -> [String] { tree[field]?.arrayValue?.compactMap(\.stringValue) ?? [] }

    subscript(_ field: String) -> JSONValue? { tree[field] }
}
