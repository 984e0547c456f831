package import JSON

/// Rules of ours in a table of somebody else (family `ip`), known by their comment.
package struct GuestRules: Sendable {
    package let table: String
    package let comment: String
    let networkNamespace: String?

    package init(table: String, comment: String, networkNamespace: String?) {
        self.table = table
        self.comment = comment
        self.networkNamespace = networkNamespace
    }

    /// What is in the table, as `nft --json` says it; nil when there is no such table.
    package func contents() async throws -> [JSONValue]? {
        let listing = try await Command(["nft", "--json", "list", "table", "ip", table], networkNamespace: networkNamespace).runAnyExit()
        guard listing.exitCode == 0 else { return nil }
        return try JSONValue(parsing: listing.output)["nftables"]?.arrayValue
    }

    /// Our rules among these objects: the chain and the handle of each.
    package func own(_ contents: [JSONValue]) -> [(chain: String, handle: Int64)] {
        contents.compactMap { object in
            guard let rule = object["rule"], rule["comment"]?.stringValue == comment, let chain = rule["chain"]?.stringValue,
                let handle = rule["handle"]?.integerValue
            else { return nil }
            return (chain, handle)
        }
    }

    package func remove() async throws {
        guard let contents = try await contents() else { return }
        let script = own(contents).map { "delete rule ip \(table) \($0.chain) handle \($0.handle)\n" }.joined()
        guard !script.isEmpty else { return }
        try await Command(["nft", "-f", "-"], input: Array(script.utf8), networkNamespace: networkNamespace).run()
    }
}
