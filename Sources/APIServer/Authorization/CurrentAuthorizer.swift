import Synchronization

/// The authorizers that an `AuthorizationConfiguration` names now; others may take their place while the server runs.
final class CurrentAuthorizer: Authorizer {
    private let members: Mutex<UnionAuthorizer>

    init(_ members: UnionAuthorizer) { self.members = Mutex(members) }

    func replace(with members: UnionAuthorizer) { self.members.withLock { $0 = members } }

    func authorize(_ attributes: AuthorizationAttributes) -> AuthorizationDecision { members.withLock { $0 }.authorize(attributes) }

    func rules(for user: UserInfo, namespace: String) -> [PolicyRule] { members.withLock { $0 }.rules(for: user, namespace: namespace) }

    var hasAllRules: Bool { members.withLock { $0 }.hasAllRules }
}

/// Where the modes of authorization stand when a file names them (`--authorization-config`), which is followed while the server runs.
package struct AuthorizationFileOptions: Sendable {
    package var path: String
    /// The modes that a file of these bytes names.
    package var read: @Sendable (_ bytes: [UInt8]) throws -> [AuthorizationMode]

    package init(path: String, read: @escaping @Sendable (_ bytes: [UInt8]) throws -> [AuthorizationMode]) {
        self.path = path
        self.read = read
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// The modes that are to take the place of `old`: webhooks may come and go, the others only change places.
    func replacement(_ bytes: [UInt8], for old: [AuthorizationMode]) throws -> [AuthorizationMode] {
        let new = try read(bytes)
        func builtIn(_ modes: [AuthorizationMode]) -> [String] { modes.map(\.name).filter { $0 != "Webhook" }.sorted() }
        guard builtIn(new) == builtIn(old) else {
            throw Refusal(description: "\(path): authorizers other than webhooks can neither be added nor removed while the server runs")
        }
        return new
    }
}
