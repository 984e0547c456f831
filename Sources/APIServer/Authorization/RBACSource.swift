package import JSON

/// Where the RBAC authorizer reads its objects: the watch cache.
package protocol RBACSource: Sendable {
    /// Grows whenever an object of one of the four kinds changes. Asked for every request.
    var version: UInt64 { get }
    /// All objects of a kind as of now.
    func objects(_ kind: RBACKind) -> [JSONValue]
}

package enum RBACKind: String, Sendable, CaseIterable {
    case clusterRole = "clusterroles"
    case role = "roles"
    case clusterRoleBinding = "clusterrolebindings"
    case roleBinding = "rolebindings"

    package static let group = "rbac.authorization.k8s.io"
}
