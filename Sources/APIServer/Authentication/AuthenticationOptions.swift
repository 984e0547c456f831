import JSON
import Logging
package import PKI

/// Who is believed beside the certificates of clients and the tokens of service accounts; under the names of upstream's flags.
package struct AuthenticationOptions: Sendable {
    /// Front proxies (`--requestheader-...`).
    package struct FrontProxy: Sendable {
        /// Never the clients' own: who holds a certificate of these may speak for anybody.
        package var authorities: [PEMCertificate]
        package var headers: FrontProxyHeaders
        /// `--requestheader-client-ca-file`: followed while the server runs; nil: `authorities` stay.
        package var authoritiesPath: String?

        package init(authorities: [PEMCertificate], headers: FrontProxyHeaders = FrontProxyHeaders(), authoritiesPath: String? = nil) {
            self.authorities = authorities
            self.headers = headers
            self.authoritiesPath = authoritiesPath
        }
    }

    package var frontProxy: FrontProxy?
    /// `--client-ca-file`: followed while the server runs; nil: the authorities stay what they are.
    package var clientAuthoritiesPath: String?
    /// `--enable-bootstrap-token-auth`.
    package var bootstrapTokens = true
    /// `--token-auth-file`, read.
    package var tokenFile: TokenFileAuthenticator?
    /// OpenID Connect, asked after the built-in kinds.
    package var issuers: [any TokenAuthenticator] = []
    /// Webhooks and others, asked last, in this order.
    package var furtherTokens: [any TokenAuthenticator] = []
    /// `--anonymous-auth` or the conditions of an `AuthenticationConfiguration`.
    package var anonymous = AnonymousAccess.everywhere

    /// A file that says who the issuers are and who may be anonymous (`--authentication-config`), followed while the server runs.
    package struct File: Sendable {
        package var path: String
        /// What a file of these bytes says.
        package var read: @Sendable (_ bytes: [UInt8]) throws -> CurrentAuthentication.Settings

        package init(path: String, read: @escaping @Sendable (_ bytes: [UInt8]) throws -> CurrentAuthentication.Settings) {
            self.path = path
            self.read = read
        }
    }

    package var file: File?

    package init() {}

    func tokenAuthenticators(
        _ tokens: ServiceAccountTokens, current: CurrentAuthentication, lookup: @escaping ServiceAccountAuthenticator.Lookup,
        noteUse: @escaping @Sendable (_ secret: JSONValue, _ now: Int64) -> Void
    ) -> [any TokenAuthenticator] {
        var all: [any TokenAuthenticator] = []
        if let tokenFile { all.append(tokenFile.meant(for: tokens.audiences)) }
        all.append(ServiceAccountAuthenticator(tokens: tokens, lookup: lookup, noteUse: noteUse))
        if bootstrapTokens { all.append(BootstrapTokenAuthenticator(lookup: lookup, audiences: tokens.audiences)) }
        return all + [current] + furtherTokens
    }

    func judge(
        clients: TrustedAuthorities, proxies: TrustedAuthorities?, now: @escaping @Sendable () -> Int64
    ) -> ClientCertificateJudge {
        ClientCertificateJudge(
            authorities: clients, proxyAuthorities: proxies, proxyNames: frontProxy?.headers.allowedNames ?? [], now: now)
    }

    /// What keeps authorities to what their files say.
    func followers(clients: TrustedAuthorities, proxies: TrustedAuthorities?, logger: Logger) -> [FileFollower] {
        var followers: [FileFollower] = []
        if let clientAuthoritiesPath { followers.append(clients.follower(clientAuthoritiesPath, logger: logger)) }
        if let path = frontProxy?.authoritiesPath, let proxies { followers.append(proxies.follower(path, logger: logger)) }
        return followers
    }
}
