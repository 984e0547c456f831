import JSON
import Linux
import Logging

/// Brings a rule set into the kernel: whole at first, afterwards only what changed. Each time the kernel takes everything at one moment, so
/// there is no time in which traffic meets half of it.
actor RuleApplier {
    private let ledger: Ledger
    private let logger: Logger
    /// What is in the kernel; nil when that is not known.
    private var present: RuleSet?

    /// - Parameter ledger: the table is recorded in it; everything happens in its network namespace.
    init(ledger: Ledger, logger: Logger) {
        self.ledger = ledger
        self.logger = logger
    }

    func apply(_ wanted: RuleSet) async throws {
        if let old = present {
            let script = RuleScript.changes(from: old, to: wanted)
            if script.isEmpty { return }
            present = nil
            do {
                try await load(script)
                present = wanted
                return
            } catch {
                logger.warning("changes were refused, loading all rules anew", metadata: ["error": "\(error)"])
            }
        }
        try ledger.record(.table(family: "ip", name: "kube-proxy"))
        if let names = await listNames() {
            do {
                try await load(RuleScript.whole(wanted, presentChains: names.chains, presentSets: names.sets))
                present = wanted
                return
            } catch {
                logger.warning("the table that is there cannot be used and is replaced", metadata: ["error": "\(error)"])
            }
        }
        try await load(RuleScript.replacement(wanted))
        present = wanted
    }

    /// Finds out whether somebody took our table away; the next ``apply(_:)`` then loads everything.
    func checkPresence() async {
        guard let old = present else { return }
        let names = await listNames()
        let chains = Set(names?.chains ?? [])
        if !chains.isSuperset(of: old.chains.keys) {
            logger.warning("the service rules were removed by somebody and are loaded again")
            present = nil
        }
    }

    private func load(_ script: String) async throws {
        try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: ledger.networkNamespace).run()
    }

    /// Names of the chains and named sets in the table; nil when there is no table.
    private func listNames() async -> (chains: [String], sets: [(name: String, isMap: Bool)])? {
        let arguments = ["nft", "--json", "--terse", "list", "table"] + RuleScript.table.split(separator: " ").map(String.init)
        guard let result = try? await Command(arguments, networkNamespace: ledger.networkNamespace).run(),
            let objects = (try? JSONValue(parsing: result.output))?["nftables"]?.arrayValue
        else { return nil }
        return (
            objects.compactMap { $0["chain"]?["name"]?.stringValue },
            objects.compactMap { object in
                if let name = object["set"]?["name"]?.stringValue { return (name, false) }
                if let name = object["map"]?["name"]?.stringValue { return (name, true) }
                return nil
            }
        )
    }
}
