/// Whether requests without a credential are handled, as a user who may do what authorization gives to everyone.
package enum AnonymousAccess: Sendable, Equatable {
    case everywhere
    /// Only on these paths, exactly (`AuthenticationConfiguration`, `anonymous.conditions`).
    case paths([String])
    case nowhere

    func isAllowed(path: String) -> Bool {
        switch self {
        case .everywhere: true
        case .paths(let paths): paths.contains(path)
        case .nowhere: false
        }
    }
}
