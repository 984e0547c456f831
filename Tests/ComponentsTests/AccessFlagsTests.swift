import APIServer
import Flags
import FoundationEssentials
import Logging
import PKI
import Testing

@testable import Components

/// Files that flags name, in a folder of their own.
private struct AccessFiles: ~Copyable {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.path + "/access-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let now = Int64(1_800_000_000)
        let clients = try CertificateAuthority.create(commonName: "clients", now: now)
        let proxies = try CertificateAuthority.create(commonName: "proxies", now: now)
        for (name, authority) in [("clients.crt", clients), ("proxies.crt", proxies)] {
            try write(name, String(decoding: try authority.certificate.pem(), as: UTF8.self))
        }
        let (key, older) = (KeyPair.generate(), KeyPair.generate())
        try write("sa.key", String(decoding: try key.pem(), as: UTF8.self))
        try write("old.pub", String(decoding: try older.publicKeyPEM(), as: UTF8.self) + String(decoding: try key.publicKeyPEM(), as: UTF8.self))
        try write("tokens", "secret,ana,1\n")
        try write("webhook.conf", Self.kubeconfig)
        try write(
            "authn.yaml",
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: AuthenticationConfiguration
            jwt: [{issuer: {url: "https://a", audiences: [k]}, claimMappings: {username: {claim: sub, prefix: ""}}}]
            anonymous: {enabled: true, conditions: [{path: /livez}]}
            """)
        try write(
            "authz.yaml",
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: AuthorizationConfiguration
            authorizers:
            - {type: RBAC, name: rbac}
            - type: Webhook
              name: w
              webhook:
                timeout: 3s
                subjectAccessReviewVersion: v1
                failurePolicy: Deny
                connectionInfo: {type: KubeConfigFile, kubeConfigFile: \(folder)/webhook.conf}
            - {type: Node, name: node}
            """)
        try write(
            "admission.yaml",
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: AdmissionConfiguration
            plugins:
            - name: PodSecurity
              configuration:
                apiVersion: pod-security.admission.config.k8s.io/v1
                kind: PodSecurityConfiguration
                defaults: {enforce: baseline}
            """)
        try write("policy.yaml", "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: Metadata}]\n")
        try write(
            "encryption.yaml",
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: EncryptionConfiguration
            resources: [{resources: [secrets], providers: [{aesgcm: {keys: [{name: k, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}}, {identity: {}}]}]
            """)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private static let kubeconfig = """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "https://127.0.0.1:1/judge"}}]
        contexts: [{name: x, context: {cluster: c}}]
        current-context: x
        """

    private func write(_ name: String, _ text: String) throws {
        guard FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: Data(text.utf8)) else {
            throw FlagProblem("cannot write \(name)")
        }
    }

    /// The configuration that flags make; `@` in them stands for the folder.
    func configuration(_ arguments: [String]) throws -> APIServerConfiguration {
        let (folder, all) = (folder, ["--service-account-signing-key-file=@/sa.key"] + arguments)
        let flags = try FlagValues(APIServerFlags.table, arguments: all.map { $0.replacing("@", with: folder) })
        var configuration = APIServerConfiguration(
            advertiseAddress: "192.0.2.1", serving: HTTPServerTLS(certificateChain: [], privateKey: []), clientAuthorities: [], kubelets: nil,
            tokens: try ServiceAccountFlags.tokens(flags), services: ServiceNetwork(ranges: []))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        try AccessFlags.apply(flags, to: &configuration, logger: logger)
        return configuration
    }
}

@Suite("The API server's flags of who may do what")
struct AccessFlagsTests {
    @Test func withoutFlags() throws {
        let configuration = try AccessFiles().configuration([])
        #expect(configuration.authorizationModes.map(\.name) == ["Node", "RBAC"])
        #expect(configuration.authentication.anonymous == .everywhere && !configuration.authentication.bootstrapTokens)
        #expect(
            configuration.authentication.furtherTokens.isEmpty && configuration.authentication.issuers.isEmpty
                && configuration.authentication.frontProxy == nil)
        #expect(configuration.audit == nil && configuration.encryption == nil)
        #expect(configuration.disabledAdmissionPlugins == ["NodeRestriction"])
    }

    @Test func authenticators() throws {
        let files = try AccessFiles()
        let configuration = try files.configuration([
            "--client-ca-file=@/clients.crt", "--enable-bootstrap-token-auth", "--token-auth-file=@/tokens", "--anonymous-auth=false",
            "--requestheader-client-ca-file=@/proxies.crt", "--requestheader-allowed-names=front,back", "--requestheader-username-headers=X-A,X-B",
            "--requestheader-group-headers=X-G", "--requestheader-extra-headers-prefix=X-E-", "--requestheader-uid-headers=X-U",
            "--oidc-issuer-url=https://issuer", "--oidc-client-id=kubernetes", "--oidc-signing-algs=ES256,RS256", "--oidc-required-claim=a=b",
            "--authentication-token-webhook-config-file=@/webhook.conf",
        ])
        let access = configuration.authentication
        #expect(configuration.clientAuthorities.count == 1 && access.clientAuthoritiesPath == "\(files.folder)/clients.crt")
        #expect(access.bootstrapTokens && access.tokenFile != nil && access.anonymous == .nowhere)
        let proxy = try #require(access.frontProxy)
        #expect(proxy.authoritiesPath == "\(files.folder)/proxies.crt" && proxy.headers.allowedNames == ["front", "back"])
        #expect(proxy.headers.userHeaders == ["X-A", "X-B"] && proxy.headers.groupHeaders == ["X-G"] && proxy.headers.uidHeaders == ["X-U"])
        #expect(proxy.headers.extraPrefixes == ["x-e-"])
        #expect((access.issuers + access.furtherTokens).map { "\(type(of: $0))" } == ["OpenIDAuthenticator", "WebhookTokenAuthenticator"])
    }

    @Test func configurationFiles() throws {
        let configuration = try AccessFiles().configuration([
            "--authentication-config=@/authn.yaml", "--authorization-config=@/authz.yaml", "--admission-control-config-file=@/admission.yaml",
            "--audit-policy-file=@/policy.yaml", "--audit-log-path=@/audit.log", "--audit-webhook-config-file=@/webhook.conf",
            "--encryption-provider-config=@/encryption.yaml", "--encryption-provider-config-automatic-reload",
            "--enable-admission-plugins=NodeRestriction", "--disable-admission-plugins=PodSecurity",
        ])
        #expect(configuration.authentication.issuers.count == 1 && configuration.authentication.anonymous == .paths(["/livez"]))
        #expect(configuration.authorizationModes.map(\.name) == ["RBAC", "Webhook", "Node"])
        // Both are read again when they change.
        let again = try #require(configuration.authentication.file).read(
            Array("{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration}".utf8))
        #expect(again.issuers.isEmpty && again.anonymous == .everywhere)
        let other = "{apiVersion: apiserver.config.k8s.io/v1, kind: AuthorizationConfiguration, authorizers: [{type: RBAC, name: r}]}"
        #expect(try #require(configuration.authorizationFile).read(Array(other.utf8)).map(\.name) == ["RBAC"])
        #expect(configuration.podSecurity.defaults.enforce == PodSecurityStandard(.baseline))
        #expect(configuration.audit?.services.count == 1 && configuration.encryption?.path?.hasSuffix("/encryption.yaml") == true)
        #expect(configuration.disabledAdmissionPlugins == ["PodSecurity"])
    }

    @Test func keysAndIssuersOfServiceAccounts() throws {
        let tokens = try AccessFiles().configuration([
            "--service-account-key-file=@/old.pub", "--service-account-issuer=https://new", "--service-account-issuer=https://former",
            "--service-account-jwks-uri=https://keys", "--service-account-max-token-expiration=2h", "--api-audiences=a,b",
        ]).tokens
        #expect(tokens.issuer == "https://new" && tokens.audiences == ["a", "b"] && tokens.keySetURI == "https://keys" && tokens.secondsMax == 7200)
        // The file holds the signing key's public half, too; it counts once.
        #expect(tokens.keySetJSON.components(separatedBy: "\"kid\"").count == 3)
    }

    @Test(
        arguments: [
            (["Node,RBAC"], ["Node", "RBAC"]), (["RBAC", "Node"], ["RBAC", "Node"]), (["AlwaysAllow"], ["AlwaysAllow"]),
            (["RBAC,Webhook,AlwaysDeny"], ["RBAC", "Webhook", "AlwaysDeny"]),
        ])
    func modesInTheOrderGiven(_ given: [String], _ expected: [String]) throws {
        var arguments = given.map { "--authorization-mode=\($0)" }
        if expected.contains("Webhook") { arguments.append("--authorization-webhook-config-file=@/webhook.conf") }
        let configuration = try AccessFiles().configuration(arguments)
        #expect(configuration.authorizationModes.map(\.name) == expected)
        #expect(configuration.authentication.anonymous == (expected == ["AlwaysAllow"] ? .nowhere : .everywhere))
    }

    @Test("Where everybody may do everything nobody is anonymous, also after a file has changed")
    func whereAllIsAllowed() throws {
        let configuration = try AccessFiles().configuration(["--authorization-mode=AlwaysAllow", "--authentication-config=@/authn.yaml"])
        #expect(configuration.authentication.anonymous == .nowhere)
        let open = "{apiVersion: apiserver.config.k8s.io/v1, kind: AuthenticationConfiguration, anonymous: {enabled: true}}"
        #expect(try #require(configuration.authentication.file).read(Array(open.utf8)).anonymous == .nowhere)
    }

    @Test func eventsThatAreCutShort() throws {
        let audit = ["--audit-policy-file=@/policy.yaml", "--audit-webhook-config-file=@/webhook.conf", "--audit-webhook-truncate-enabled"]
        #expect(try AccessFiles().configuration(audit).audit != nil)
        for (flag, words) in [
            ("--audit-webhook-truncate-max-event-size=0", "--audit-webhook-truncate-max-event-size 0 must be at least 1"),
            ("--audit-webhook-truncate-max-batch-size=7", "must not be less than --audit-webhook-truncate-max-event-size"),
        ] {
            do {
                _ = try AccessFiles().configuration(audit + [flag])
                Issue.record("\(flag) was accepted")
            } catch {
                #expect("\(error)".contains(words), "\(error)")
            }
        }
    }

    @Test(
        arguments: [
            (["--client-ca-file=@/tokens"], "it holds no certificate"),
            (
                ["--client-ca-file=@/clients.crt", "--requestheader-client-ca-file=@/clients.crt"],
                "every client could speak for anybody"
            ),
            (["--oidc-issuer-url=https://a"], "--oidc-issuer-url and --oidc-client-id must be given together"),
            (["--oidc-issuer-url=http://a", "--oidc-client-id=x"], "must begin with https://"),
            (["--oidc-issuer-url=https://a", "--oidc-client-id=x", "--oidc-signing-algs=none"], "--oidc-signing-algs: none is not one of"),
            (["--oidc-issuer-url=https://a", "--oidc-client-id=x", "--oidc-signing-algs=HS256"], "--oidc-signing-algs: HS256 is not one of"),
            (
                ["--oidc-issuer-url=https://own", "--oidc-client-id=x", "--service-account-issuer=https://own"],
                "their tokens must differ"
            ),
            (["--authentication-config=@/authn.yaml", "--oidc-client-id=x"], "--authentication-config and --oidc-client-id exclude each other"),
            (["--authentication-config=@/authn.yaml", "--anonymous-auth=true"], "--anonymous-auth must not be given when"),
            (["--authentication-token-webhook-config-file=@/webhook.conf", "--authentication-token-webhook-version=v2"], "must be v1 or v1beta1"),
            (["--authentication-token-webhook-config-file=@/none"], "none"),
            (["--authorization-mode=ABAC"], "what ABAC policies say can be said by roles"),
            (["--authorization-mode=Magic"], "--authorization-mode Magic is not supported"),
            (["--authorization-mode=RBAC,RBAC"], "--authorization-mode RBAC is named twice"),
            (["--authorization-mode="], "--authorization-mode must name at least one mode"),
            (["--authorization-mode=Webhook"], "--authorization-mode Webhook needs --authorization-webhook-config-file"),
            (["--authorization-webhook-config-file=@/webhook.conf"], "needs the mode Webhook"),
            (["--authorization-config=@/authz.yaml", "--authorization-mode=RBAC"], "--authorization-mode can not be specified when"),
            (["--authorization-policy-file=@/x"], "--authorization-policy-file is not supported"),
            (["--enable-admission-plugins=ImagePolicyWebhook"], "there is no plugin ImagePolicyWebhook"),
            (
                ["--enable-admission-plugins=PodSecurity", "--disable-admission-plugins=PodSecurity"],
                "PodSecurity in --enable-admission-plugins and --disable-admission-plugins overlapped"
            ),
            (["--audit-policy-file=@/tokens", "--audit-log-path=-"], "must be a mapping"),
            (["--audit-policy-file=@/authn.yaml", "--audit-log-path=-"], "must be Policy of audit.k8s.io/v1"),
            (["--audit-log-mode=blocking-strict"], "--audit-log-mode blocking-strict must be blocking or batch"),
            (["--audit-log-compress"], "--audit-log-compress is not supported"),
            (["--audit-log-maxsize=-1"], "--audit-log-maxsize -1 must be"),
            (["--audit-webhook-mode=blocking"], "--audit-webhook-mode is not supported"),
            (["--audit-webhook-config-file=@/webhook.conf", "--audit-webhook-batch-max-size=0"], "must be at least 1"),
            (["--encryption-provider-config-automatic-reload"], "must be set with --encryption-provider-config"),
            (["--encryption-provider-config=@/tokens"], "must be a mapping"),
            (["--encryption-provider-config=@/authn.yaml"], "must be EncryptionConfiguration of apiserver.config.k8s.io/v1"),
            (["--service-account-max-token-expiration=10m"], "must be between 1 hour and 2^32 seconds"),
            (["--service-account-key-file=@/tokens"], "it holds no key in PEM form"),
            (["--service-account-jwks-uri=http://x"], "must begin with https://"),
            (["--service-account-signing-endpoint=/x"], "--service-account-signing-endpoint is not supported"),
        ])
    func refusals(_ arguments: [String], _ words: String) throws {
        let files = try AccessFiles()
        do {
            _ = try files.configuration(arguments)
            Issue.record("\(arguments) must be refused")
        } catch {
            #expect("\(error)".contains(words), "\(error)")
            #expect(!"\(error)".contains("secret,ana"))
        }
    }
}
