import JSON

/// Who is at the other end of a connection to a component: from a certificate that was verified, or on the API server's word.
package struct ClientIdentity: Sendable, Hashable {
    /// A certificate's common name.
    package var name: String
    package var uid = ""
    /// A certificate's organizations.
    package var groups: [String]
    package var extra: [String: [String]] = [:]

    package init(name: String, groups: [String]) {
        self.name = name
        self.groups = groups
    }

    package static let anonymous = ClientIdentity(name: "system:anonymous", groups: ["system:unauthenticated"])

    /// What a TokenReview says; nil when the token does not count.
    init?(reviewed status: JSONValue) {
        guard status["authenticated"]?.boolValue == true, let user = status["user"], let name = user["username"]?.stringValue, !name.isEmpty else {
            return nil
        }
        self.init(name: name, groups: user["groups"]?.arrayValue?.compactMap(\.stringValue) ?? [])
        uid = user["uid"]?.stringValue ?? ""
        for (key, values) in user["extra"]?.objectValue ?? [:] { extra[key] = values.arrayValue?.compactMap(\.stringValue) ?? [] }
    }

    /// Whoever has shown who they are is in the group of all who have.
    var groupsOfReview: [String] {
        groups.contains("system:unauthenticated") || groups.contains("system:authenticated") ? groups : groups + ["system:authenticated"]
    }
}
