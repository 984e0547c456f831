import Flags
import JSON
import KubernetesClient
import PKI

/// Finds out, from an address, a token and a digest, who may vouch for the cluster. Believes nothing that is not proven.
struct TokenDiscovery: Sendable {
    /// How long the signature of a token that was made a moment ago may be missing.
    static let signaturePatience: Duration = .seconds(5)
    /// The same of a token that lets in: who signs may have died a moment ago, and others take over when its lease is over.
    static let takeoverPatience: Duration = .seconds(60)
    static let pause: Duration = .seconds(1)

    var server: String
    var token: BootstrapToken
    /// Empty: whoever knows the token is believed.
    var hashes: [String]
    var patience: Duration
    var fetch: ClusterInfoSource = ClusterInfoRequest.overHTTPS
    /// What a server that has proven itself answers to who shows a token: an HTTP status.
    var show: @Sendable (_ server: String, _ authority: [UInt8], _ token: BootstrapToken) async throws -> Int = ClusterInfoRequest.status
    var time: TimeSource = .system
    /// Tells what is being waited for.
    var say: @Sendable (String) -> Void = { Say.line($0) }

    /// - Throws: `KubeadmError` saying which of the given things does not fit.
    func run() async throws -> BelievedCluster {
        let (info, signature) = try await signedInfo()
        let cluster = try checked(info, signature)
        try await confirm(cluster, info)
        return cluster
    }

    // MARK: Asking

    private func signedInfo() async throws -> (ClusterInfo, String) {
        let start = time.uptime()
        var told = ""
        var unsignedSince: Duration?
        var unsigned: (reason: String, mayCome: Bool)?
        while true {
            var obstacle = ""
            do {
                let info = try await fetch(server, nil)
                if let signature = info.signature(token.id) { return (info, signature) }
                let since = unsignedSince ?? time.uptime()
                unsignedSince = since
                obstacle = Self.unknown(token, server)
                let waited = time.uptime() - since
                if waited >= Self.signaturePatience {
                    let found: (reason: String, mayCome: Bool)
                    if let unsigned { found = unsigned } else { found = await whyUnsigned(info) }
                    unsigned = found
                    if !found.mayCome || waited >= Self.takeoverPatience { throw KubeadmError(found.reason) }
                }
            } catch let error as KubeadmError {
                throw error
            } catch is CancellationError {
                throw CancellationError()
            } catch let error as TransportError where error.kind == .tls {
                throw KubeadmError("\(server) is no API server: \(error.cause); is the address right?")
            } catch {
                obstacle = "\(error)"
            }
            let left = patience - (time.uptime() - start)
            guard left > .zero else {
                throw KubeadmError(
                    "couldn't validate the identity of the API Server: \(obstacle); see that the address is right, that the API server runs,"
                        + " and that no firewall is between (curl -k \(server)/livez)")
            }
            if obstacle != told, unsignedSince == nil {
                say("[discovery] \(obstacle); trying again for \(GoDuration.text(.seconds(left.components.seconds)))")
                told = obstacle
            }
            try await time.sleep(min(Self.pause, left))
        }
    }

    private static func unknown(_ token: BootstrapToken, _ server: String) -> String {
        "the cluster at \(server) knows no token \"\(token.id)\": it was never there, or it has expired or been deleted;"
            + " kubeadm token create --print-join-command on the control plane makes a new one"
    }

    /// A token that signs nothing may yet be one that lets in. Only a server that the digest vouches for is shown it.
    private func whyUnsigned(_ info: ClusterInfo) async -> (reason: String, mayCome: Bool) {
        guard let kubeconfig = info.kubeconfig, let cluster = try? Self.described(kubeconfig), !hashes.isEmpty,
            let certificates = try? PEMCertificate.all(pem: cluster.authority, what: "cluster-info"),
            certificates.contains(where: { (try? AuthorityHash.of($0)).map(hashes.contains) == true }),
            let status = try? await show(cluster.server, cluster.authority, token), status != 401
        else { return (Self.unknown(token, server), false) }
        let reason =
            "the token \"\(token.id)\" lets in and does not sign, so that nothing proves who the cluster at \(server) is:"
            + " kubeadm token create --usages signing,authentication --print-join-command on the control plane makes one that does both"
        return (reason, true)
    }

    // MARK: Believing

    /// The cluster of a `cluster-info`, not yet believed.
    private static func described(_ kubeconfig: String) throws -> (server: String, authority: [UInt8])? {
        let tree = try YAMLTree.read(kubeconfig, path: "cluster-info")
        guard let entry = tree["clusters"]?[0]?["cluster"], let address = entry["server"]?.stringValue,
            let authority = entry["certificate-authority-data"]?.stringValue.flatMap({ Base64.decode($0) })
        else { return nil }
        return (address, authority)
    }

    /// The signature proves that who wrote the description knows the token; the digest, that the authority in it is the one meant.
    func checked(_ info: ClusterInfo, _ signature: String) throws -> BelievedCluster {
        guard let kubeconfig = info.kubeconfig else {
            throw KubeadmError("the cluster's description (ConfigMap kube-public/cluster-info) has no kubeconfig")
        }
        guard DetachedJWS.isValid(signature, content: Array(kubeconfig.utf8), token: token) else {
            throw KubeadmError(
                "the description of the cluster is not signed by the token \(token.id): its second part, behind the dot, is wrong,"
                    + " or the server is not the one meant; kubeadm token list on the control plane shows the token")
        }
        guard let (address, authority) = try Self.described(kubeconfig) else {
            throw KubeadmError("the description of the cluster names no server or no certificate authority")
        }
        let certificates = try PEMCertificate.all(pem: authority, what: "the authority in cluster-info")
        let found = try certificates.map(AuthorityHash.of)
        guard hashes.isEmpty || found.contains(where: hashes.contains) else {
            throw KubeadmError(
                "the cluster's authority has the digest \(found.joined(separator: ", ")), and --discovery-token-ca-cert-hash says"
                    + " \(hashes.joined(separator: ", ")): the digest was copied wrongly, or the server is not the one meant")
        }
        for certificate in certificates {
            if let problem = ClockSkew.problem(authority: certificate, now: time.wallMicroseconds() / 1_000_000, server: info.serverTime) {
                throw KubeadmError(problem)
            }
        }
        return BelievedCluster(server: address, authorityPEM: authority, credentials: ["token": .string(token.text)])
    }

    /// The server that the description names must prove itself by the authority, and say the same.
    private func confirm(_ cluster: BelievedCluster, _ info: ClusterInfo) async throws {
        let second: ClusterInfo
        do {
            second = try await fetch(cluster.server, cluster.authorityPEM)
        } catch let error as TransportError where error.kind == .tls {
            if let clocks = ClockSkew.words(now: time.wallMicroseconds() / 1_000_000, server: info.serverTime) {
                throw KubeadmError("the API server's certificate does not count on this machine, and \(clocks): \(ClockSkew.remedy)")
            }
            throw KubeadmError(
                "\(cluster.server) cannot prove that it belongs to the cluster: \(error.cause); the names and addresses that its certificate is for"
                    + " are set by kubeadm init --apiserver-cert-extra-sans")
        } catch let error as TransportError {
            throw KubeadmError(
                "the cluster says that its API server is at \(cluster.server), and there: \(error); that address must be reachable from here"
                    + " (kubeadm init --apiserver-advertise-address or --control-plane-endpoint sets it)")
        }
        guard second.kubeconfig == info.kubeconfig else {
            throw KubeadmError("the cluster described itself in two ways, first without and then with a proof: somebody may be between")
        }
    }
}
