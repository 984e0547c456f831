import JSON
import Linux
import Logging

/// Lets packets of pods through where somebody has the kernel drop whatever is forwarded, as Docker does (`iptables -P FORWARD DROP`): what one
/// table drops no other can let pass, so the permission has to stand in that table, in the chain that Docker leaves to others where there is one.
struct ForwardPermission: Sendable {
    private static let table = "filter"
    private static let forward = "FORWARD"
    private static let othersChain = "DOCKER-USER"

    let range: String
    let ledger: Ledger
    let logger: Logger

    /// Can be called again at any time: what is as it should be is left alone.
    func ensure() async throws {
        let rules = GuestRules(table: Self.table, comment: BridgeNetwork.tableName, networkNamespace: ledger.networkNamespace)
        guard let contents = try await rules.contents(), let chain = Self.chain(contents) else { return }
        let own = rules.own(contents)
        if own.count == 2, own.allSatisfy({ $0.chain == chain }) { return }
        try ledger.record(.rules(table: Self.table, comment: BridgeNetwork.tableName))
        var script = own.map { "delete rule ip \(Self.table) \($0.chain) handle \($0.handle)\n" }.joined()
        for side in ["saddr", "daddr"] {
            script += "insert rule ip \(Self.table) \(chain) ip \(side) \(range) counter accept comment \"\(rules.comment)\"\n"
        }
        try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: ledger.networkNamespace).run()
        logger.info("somebody has forwarded packets dropped: those of pods are let through", metadata: ["chain": "\(chain)", "range": "\(range)"])
    }

    /// Where the permission has to stand; nil when nothing is dropped.
    static func chain(_ contents: [JSONValue]) -> String? {
        let chains = contents.compactMap { $0["chain"] }
        guard chains.contains(where: { $0["name"]?.stringValue == forward && $0["policy"]?.stringValue == "drop" }) else { return nil }
        return chains.contains { $0["name"]?.stringValue == othersChain } ? othersChain : forward
    }
}
