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
    /// OpenID Connect, webhooks and others, asked after the built-in kinds, in this order.
    package var furtherTokens: [any TokenAuthenticator] = []
    /// `--anonymous-auth` or the conditions of an `AuthenticationConfiguration`.
    package var anonymous = AnonymousAccess.everywhere

    package init() {}

    func tokenAuthenticators(_ tokens: ServiceAccountTokens, lookup: @escaping ServiceAccountAuthenticator.Lookup) -> [any TokenAuthenticator] {
        var all: [any TokenAuthenticator] = []
        if let tokenFile { all.append(tokenFile.meant(for: tokens.audiences)) }
        all.append(ServiceAccountAuthenticator(tokens: tokens, lookup: lookup))
        if bootstrapTokens { all.append(BootstrapTokenAuthenticator(lookup: lookup, audiences: tokens.audiences)) }
        return all + furtherTokens
    }

    func judge(
        clients: TrustedAuthorities, proxies: TrustedAuthorities?, now: @escaping @Sendable () -> Int64
    ) -> ClientCertificateJudge {
        ClientCertificateJudge(
            authorities: clients, proxyAuthorities: proxies, proxyNames: frontProxy?.headers.allowedNames ?? [], now: now)
    }

    func watchedFiles(clients: TrustedAuthorities, proxies: TrustedAuthorities?, logger: Logger) -> AuthorityFiles {
        var files: [(path: String, authorities: TrustedAuthorities)] = []
        if let clientAuthoritiesPath { files.append((clientAuthoritiesPath, clients)) }
        if let path = frontProxy?.authoritiesPath, let proxies { files.append((path, proxies)) }
        return AuthorityFiles(files, logger: logger)
    }
}
