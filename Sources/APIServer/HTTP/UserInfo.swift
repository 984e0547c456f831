/// Who makes a request, as authentication found it.
package struct UserInfo: Sendable, Hashable {
    package var name: String
    package var uid: String
    package var groups: [String]
    package var extra: [String: [String]]

    package init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// A caller that showed no identity.
    package static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
}

extension UserInfo {
    package static let mastersGroup = "system:masters"
    package static let nodesGroup = "system:nodes"
    package static let authenticatedGroup = "system:authenticated"
    package static let unauthenticatedGroup = "system:unauthenticated"
    package static let serviceAccountsGroup = "system:serviceaccounts"

    /// The identity of a service account, without the details that only a token knows.
    package static func serviceAccount(namespace: String, name: String, uid: String = "") -> UserInfo {
        UserInfo(
            name: "system:serviceaccount:\(namespace):\(name)", uid: uid,
            groups: [serviceAccountsGroup, "\(serviceAccountsGroup):\(namespace)", authenticatedGroup])
    }
}
