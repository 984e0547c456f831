package import KubernetesClient
package import Logging

/// Lets requests in on the API server's word: whose a token is, and what a client may do with the node.
package struct KubeletDelegatedAccess: Sendable {
    private let node: String
    private let reviews: DelegatedReviews

    /// For how long the API server's answers count at a node, where nothing else is said.
    package static var lives: DelegatedReviews.Lives {
        var lives = DelegatedReviews.Lives()
        lives.token = .seconds(120)
        lives.allowed = .seconds(300)
        lives.refused = .seconds(30)
        return lives
    }

    /// - Parameters:
    ///   - client: the node's own; may make both kinds of reviews.
    ///   - node: the node's name.
    package init(client: Client, node: String, lives: DelegatedReviews.Lives = Self.lives, time: TimeSource = .system, logger: Logger) {
        self.node = node
        reviews = DelegatedReviews(tokens: client, access: client, lives: lives, time: time, logger: logger)
    }

    /// - Parameter allowsAnonymous: whether who shows nothing at all is `system:anonymous` rather than refused.
    package func authentication(allowsAnonymous: Bool = false) -> KubeletAuthentication {
        var authentication = KubeletAuthentication()
        authentication.allowsAnonymous = allowsAnonymous
        authentication.identify = { token in await reviews.identity(ofToken: token) }
        return authentication
    }

    package var authorizer: KubeletAuthorizer {
        KubeletAuthorizer { identity, action in
            let asked = action.verb.isEmpty ? [] : action.subresources
            for subresource in asked where try await reviews.allows(identity, .node(node, subresource: subresource, verb: action.verb)) {
                return true
            }
            return identity.groups.contains("system:masters")
        }
    }
}
