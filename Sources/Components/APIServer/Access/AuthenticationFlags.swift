import APIServer
import Flags
import KubernetesClient
import Logging
import PKI

/// Who is believed to be who.
enum AuthenticationFlags {
    static func apply(_ flags: FlagValues, to configuration: inout APIServerConfiguration, logger: Logger) throws {
        if let path = flags.text("client-ca-file") {
            configuration.clientAuthorities = try authorities(path)
            configuration.authentication.clientAuthoritiesPath = path
        }
        configuration.authentication.bootstrapTokens = flags.bool("enable-bootstrap-token-auth")
        if let path = flags.text("token-auth-file") {
            let text = String(decoding: try ServingFiles.read(path), as: UTF8.self)
            configuration.authentication.tokenFile = try TokenFileAuthenticator(text: text)
        }
        configuration.authentication.frontProxy = try frontProxy(flags, clients: configuration.clientAuthorities)
        configuration.authentication.anonymous = flags.bool("anonymous-auth") ? .everywhere : .nowhere
        try setIssuers(flags, &configuration)
        if let webhook = try webhook(flags, logger: logger) { configuration.authentication.furtherTokens = [webhook] }
    }

    private static func authorities(_ path: String) throws -> [PEMCertificate] {
        let found = try PEMCertificate.all(pem: try ServingFiles.read(path), what: path)
        if found.isEmpty { throw FlagProblem("\(path): it holds no certificate") }
        return found
    }

    private static func frontProxy(_ flags: FlagValues, clients: [PEMCertificate]) throws -> AuthenticationOptions.FrontProxy? {
        guard let path = flags.text("requestheader-client-ca-file") else { return nil }
        let found = try authorities(path)
        let names = flags.list("requestheader-allowed-names")
        // Whoever has any certificate of this authority could speak for anybody.
        if names.isEmpty, found.contains(where: { proxy in clients.contains { $0.der == proxy.der } }) {
            throw FlagProblem(
                "--requestheader-client-ca-file and --client-ca-file share an authority: every client could speak for anybody; "
                    + "use another authority, or name the proxies with --requestheader-allowed-names")
        }
        let headers = FrontProxyHeaders(
            userHeaders: flags.list("requestheader-username-headers"), uidHeaders: flags.list("requestheader-uid-headers"),
            groupHeaders: flags.list("requestheader-group-headers"), extraPrefixes: flags.list("requestheader-extra-headers-prefix"),
            allowedNames: names)
        if headers.userHeaders.isEmpty { throw FlagProblem("--requestheader-username-headers must name at least one header") }
        return AuthenticationOptions.FrontProxy(authorities: found, headers: headers, authoritiesPath: path)
    }

    // MARK: OpenID Connect

    /// From `--authentication-config` or from `--oidc-...`; never from both.
    private static func setIssuers(_ flags: FlagValues, _ configuration: inout APIServerConfiguration) throws {
        let own = flags.list("service-account-issuer")
        guard let path = flags.text("authentication-config") else {
            configuration.authentication.issuers = try openID(flags, own).map { [$0] } ?? []
            return
        }
        if let other = flags.table.entries.compactMap(\.flag).first(where: { $0.hasPrefix("oidc-") && flags.isGiven($0) }) {
            throw FlagProblem("--authentication-config and --\(other) exclude each other")
        }
        let anonymous: AnonymousAccess? = flags.isGiven("anonymous-auth") ? configuration.authentication.anonymous : nil
        let file = AuthenticationOptions.File(path: path) { bytes in
            let file = try AuthenticationFile(yaml: bytes, path: path, disallowedIssuers: own)
            if file.anonymous != nil, anonymous != nil {
                throw FlagProblem("--anonymous-auth must not be given when \(path) says who may be anonymous")
            }
            let issuers = file.issuers.map { issuer in
                OpenIDAuthenticator(issuer.openID, fetch: OpenIDFetcher(authority: issuer.certificateAuthority.map { .data($0) }).fetch)
            }
            return .init(issuers: issuers, anonymous: file.anonymous ?? anonymous ?? .everywhere)
        }
        let settings = try file.read(try ServingFiles.read(path))
        configuration.authentication.file = file
        configuration.authentication.issuers = settings.issuers
        configuration.authentication.anonymous = settings.anonymous
    }

    private static func openID(_ flags: FlagValues, _ own: [String]) throws -> OpenIDAuthenticator? {
        let issuer = flags.text("oidc-issuer-url")
        let client = flags.text("oidc-client-id")
        guard let issuer, let client else {
            if issuer != nil || client != nil { throw FlagProblem("--oidc-issuer-url and --oidc-client-id must be given together") }
            return nil
        }
        if own.contains(issuer) { throw FlagProblem("--oidc-issuer-url \(issuer) is --service-account-issuer, too: their tokens must differ") }
        var openID = OpenIDConfiguration(issuer: issuer, audiences: [client])
        openID.usernameClaim = flags.string("oidc-username-claim")
        switch flags.text("oidc-username-prefix") {
        case "-"?: openID.usernamePrefix = ""
        case let prefix: openID.usernamePrefix = prefix
        }
        openID.groupsClaim = flags.text("oidc-groups-claim")
        openID.groupsPrefix = flags.string("oidc-groups-prefix")
        openID.requiredClaims = flags.map("oidc-required-claim")
        openID.algorithms = Set(flags.list("oidc-signing-algs"))
        if let unknown = openID.algorithms.subtracting(JSONWebKeySet.algorithms).sorted().first {
            throw FlagProblem("--oidc-signing-algs: \(unknown) is not one of \(JSONWebKeySet.algorithms.sorted().joined(separator: ", "))")
        }
        if let problem = openID.problem { throw FlagProblem("--oidc-issuer-url: \(problem)") }
        let authority = flags.text("oidc-ca-file")
        if let authority { _ = try authorities(authority) }
        return OpenIDAuthenticator(openID, fetch: OpenIDFetcher(authority: authority.map { .file($0) }).fetch)
    }

    // MARK: Webhook

    private static func webhook(_ flags: FlagValues, logger: Logger) throws -> WebhookTokenAuthenticator? {
        guard let path = flags.text("authentication-token-webhook-config-file") else { return nil }
        let version = try reviewVersion(flags, "authentication-token-webhook-version")
        let life = flags.duration("authentication-token-webhook-cache-ttl")
        if life < .zero { throw FlagProblem("--authentication-token-webhook-cache-ttl must not be negative") }
        return WebhookTokenAuthenticator(
            transport: try OutsideServer.transport(kubeconfig: path, logger: logger), path: "", version: version,
            cacheSeconds: life.components.seconds)
    }

    /// The version of a review that a webhook is sent.
    static func reviewVersion(_ flags: FlagValues, _ name: String) throws(FlagProblem) -> String {
        let version = flags.string(name)
        guard ["v1", "v1beta1"].contains(version) else { throw FlagProblem("--\(name) \(version) must be v1 or v1beta1") }
        return version
    }
}

/// A server that is asked or told of something, found by a kubeconfig.
enum OutsideServer {
    static func transport(kubeconfig path: String, logger: Logger) throws -> HTTPSTransport {
        try HTTPSTransport(try Kubeconfig.load(path: path).connection(), logger: logger)
    }
}
