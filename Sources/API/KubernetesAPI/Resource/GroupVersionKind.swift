/// The full name of a kind.
package struct GroupVersionKind: Hashable, Sendable, CustomStringConvertible {
    /// Empty for the core group.
    package var group: String
    package var version: String
    package var kind: String

    package init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// Takes `apps/v1` or `v1` apart.
    package init(apiVersion: String, kind: String) {
        let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        group = parts.count == 2 ? String(parts[0]) : ""
        version = String(parts.last ?? "")
        self.kind = kind
    }

    /// `v1`, `apps/v1`: as it stands in objects.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// As upstream prints it in messages: `apps/v1, Kind=Deployment`.
    package var description: String { "\(apiVersion), Kind=\(kind)" }
}
