import JSON

/// What CNI's portmap plug-in leaves behind in the host's tables: it takes the rules of each pod away but never its own chains.
enum PortMappings {
    private static let prefix = "CNI-HOSTPORT-"

    private struct Table {
        var chains: [(name: String, isBase: Bool, policy: String)] = []
        var rules: [(chain: String, handle: Int64, jumps: Bool)] = []

        init(_ objects: [JSONValue]) {
            for object in objects {
                if let chain = object["chain"], let name = chain["name"]?.stringValue {
                    chains.append((name, chain["hook"] != nil, chain["policy"]?.stringValue ?? "accept"))
                }
                if let rule = object["rule"], let chain = rule["chain"]?.stringValue, let handle = rule["handle"]?.integerValue {
                    let jumps = (rule["expr"]?.arrayValue ?? []).contains {
                        ($0["jump"]?["target"] ?? $0["goto"]?["target"])?.stringValue?.hasPrefix(PortMappings.prefix) == true
                    }
                    rules.append((chain, handle, jumps))
                }
            }
        }
    }

    /// Removes the plug-in's chains and the rules that lead to them, and a table that has nothing else in it.
    static func remove(_ namespace: String?) async throws {
        for family in ["ip", "ip6"] {
            let listing = try await Command(["nft", "--json", "list", "table", family, "nat"], networkNamespace: namespace).runAnyExit()
            guard listing.exitCode == 0, let objects = try JSONValue(parsing: listing.output)["nftables"]?.arrayValue else { continue }
            let table = Table(objects)
            let own = table.chains.map(\.name).filter { $0.hasPrefix(prefix) }
            // A table without any chain is what the plug-in's clean-up of the other family leaves.
            if own.isEmpty && !table.chains.isEmpty { continue }
            var script = ""
            let others = table.rules.filter { !own.contains($0.chain) }
            for rule in others where rule.jumps { script += "delete rule \(family) nat \(rule.chain) handle \(rule.handle)\n" }
            for chain in own { script += "flush chain \(family) nat \(chain)\n" }
            for chain in own { script += "delete chain \(family) nat \(chain)\n" }
            let isEmpty = others.allSatisfy(\.jumps) && table.chains.allSatisfy { own.contains($0.name) || $0.isBase && $0.policy == "accept" }
            if isEmpty { script += "delete table \(family) nat\n" }
            try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: namespace).run()
        }
    }
}
