/// One issuer of OpenID Connect tokens and how its claims become users; under the names of upstream's flags.
package struct OpenIDConfiguration: Sendable {
    /// `--oidc-issuer-url`: begins with `https://` and is exactly what tokens name as their issuer.
    package var issuer: String
    /// `--oidc-client-id`: one of these must be among a token's audiences.
    package var audiences: [String]
    /// `--oidc-username-claim`.
    package var usernameClaim = "sub"
    /// `--oidc-username-prefix`; nil: the issuer and `#`, but nothing for the claim `email`. `-` on the command line is an empty one.
    package var usernamePrefix: String?
    /// `--oidc-groups-claim`; nil: tokens name no groups.
    package var groupsClaim: String?
    package var groupsPrefix = ""
    /// The claim that is the user's uid; nil: users have none.
    package var uidClaim: String?
    /// Where the discovery document stands; nil: at the issuer's `/.well-known/openid-configuration`.
    package var discoveryURL: String?
    /// `--oidc-required-claim`.
    package var requiredClaims: [String: String] = [:]
    /// `--oidc-signing-algs`.
    package var algorithms: Set<String> = ["RS256"]

    package init(issuer: String, audiences: [String]) {
        self.issuer = issuer
        self.audiences = audiences
    }

    /// What is wrong with these values; nil if nothing is.
    package var problem: String? {
        if !issuer.hasPrefix("https://") { return "the issuer's URL must begin with https://" }
        if issuer.contains("?") || issuer.contains("#") || issuer.contains("@") { return "the issuer's URL must not have a user, query or fragment" }
        if audiences.isEmpty || audiences.contains("") { return "there must be at least one audience (client id), and none of them empty" }
        if usernameClaim.isEmpty { return "the claim that names the user must not be empty" }
        return nil
    }

    var effectivePrefix: String { usernamePrefix ?? (usernameClaim == "email" ? "" : issuer + "#") }
}
