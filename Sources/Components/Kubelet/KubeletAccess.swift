import Flags
import Kubelet
import KubernetesClient
import Logging

/// Who may do what at the kubelet's port: by certificates and, with webhooks, by asking the API server.
struct KubeletAccess: Sendable {
    let authorizer: KubeletAuthorizer
    let authentication: KubeletAuthentication

    /// - Throws: `FlagProblem` for a mode that there is not.
    init(_ flags: FlagValues, node: String, client: Client, logger: Logger) throws(FlagProblem) {
        var lives = KubeletDelegatedAccess.lives
        // A file that kubeadm writes says 0s for all that is to be as usual.
        if flags.duration("authentication-token-webhook-cache-ttl") > .zero { lives.token = flags.duration("authentication-token-webhook-cache-ttl") }
        if flags.duration("authorization-webhook-cache-authorized-ttl") > .zero {
            lives.allowed = flags.duration("authorization-webhook-cache-authorized-ttl")
        }
        if flags.duration("authorization-webhook-cache-unauthorized-ttl") > .zero {
            lives.refused = flags.duration("authorization-webhook-cache-unauthorized-ttl")
        }
        let delegated = KubeletDelegatedAccess(client: client, node: node, lives: lives, logger: logger)
        var authentication = delegated.authentication(allowsAnonymous: flags.bool("anonymous-auth"))
        if !flags.bool("authentication-token-webhook") { authentication.identify = nil }
        self.authentication = authentication
        switch flags.string("authorization-mode") {
        case "AlwaysAllow": authorizer = .everybody
        case "Webhook": authorizer = delegated.authorizer
        case let other: throw FlagProblem("--authorization-mode \(other) must be AlwaysAllow or Webhook")
        }
    }
}
