import APIServer
import CertificatesV1
import CoreV1
import JSON
import KubernetesAPI
import KubernetesClient
import PKI
import RBACV1
import Testing

@testable import ControllerManager

/// What a new node goes through: a token, a signed description of the cluster, a certificate.
@Suite(.timeLimit(.minutes(2))) struct JoinTests {
    private static let newNodes = "system:bootstrappers:kubeadm:default-node-token"
    private static let usages = ["client auth", "digital signature"]
    private static let clusterInfo = "apiVersion: v1\nkind: Config\n"

    private func token(_ id: String, _ more: [String: String]) -> Secret {
        Secret {
            $0.metadata.name = "bootstrap-token-\(id)"
            $0.metadata.namespace = "kube-system"
            $0.type = "bootstrap.kubernetes.io/token"
            $0.data = ["token-id": Array(id.utf8), "token-secret": Array("0123456789abcdef".utf8)]
            for (key, value) in more { $0.data[key] = Array(value.utf8) }
        }
    }

    private func request(_ name: String, node: String, organization: String = "system:nodes") throws -> (CertificateSigningRequest, KeyPair) {
        let key = KeyPair.generate()
        let pem = try SigningRequest.make(.client(user: "system:node:\(node)", groups: [organization]), key: key)
        return (
            CertificateSigningRequest {
                $0.metadata.name = name
                $0.spec.request = pem
                $0.spec.signerName = BuiltInSigner.kubeletClient.rawValue
                $0.spec.usages = Self.usages
                $0.spec.expirationSeconds = 3600
            }, key
        )
    }

    private func bind(_ plane: SmallControlPlane, role: String) async throws {
        _ = try await plane.admin.create(
            ClusterRoleBinding {
                $0.metadata.name = role
                $0.roleRef = RoleRef {
                    $0.apiGroup = "rbac.authorization.k8s.io"
                    $0.kind = "ClusterRole"
                    $0.name = role
                }
                $0.subjects = [
                    Subject {
                        $0.kind = "Group"
                        $0.apiGroup = "rbac.authorization.k8s.io"
                        $0.name = Self.newNodes
                    }
                ]
            })
    }

    @Test func aNewNodeGetsItsCertificate() async throws {
        try await SmallControlPlane.with(port: 16421) { plane in
            let newcomer = plane.client(as: UserInfo(name: "system:bootstrap:abcdef", groups: ["system:bootstrappers", Self.newNodes]))
            let (early, _) = try request("early", node: "n1")
            // Without the roles a token is good for nothing.
            await #expect(throws: APIStatusError.self) { try await newcomer.create(early) }
            try await bind(plane, role: "system:node-bootstrapper")
            try await bind(plane, role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient")
            let (wanted, key) = try request("wanted", node: "n1")
            var forged = wanted
            forged.spec.username = "system:admin"
            forged.spec.groups = ["system:masters"]
            let made = try await plane.onceAllowed { try await newcomer.create(forged) }
            #expect(made.spec.username == "system:bootstrap:abcdef")
            #expect(!made.spec.groups.contains("system:masters"))
            let signed = try await plane.wait(CertificateSigningRequest.self, "wanted") { !$0.status.certificate.isEmpty }
            #expect(signed.status.conditions.map(\.reason) == ["AutoApproved"])
            #expect(signed.status.conditions.allSatisfy { $0.lastUpdateTime != nil && $0.lastTransitionTime != nil })
            let certificate = try PEMCertificate(pem: signed.status.certificate)
            #expect(certificate.commonName == "system:node:n1")
            #expect(certificate.organizations == ["system:nodes"])
            #expect(certificate.isSigned(by: plane.pki.authority.certificate))
            #expect(key.belongs(to: certificate))
            #expect(!certificate.isAuthority)

            // What it may not do with its token.
            await #expect(throws: APIStatusError.self) { try await newcomer.list(Secret.self, namespace: "kube-system") }
            await #expect(throws: APIStatusError.self) { try await newcomer.list(Node.self) }
            var approving = made
            approving.add("Approved", reason: "me", message: "")
            await #expect(throws: APIStatusError.self) { try await newcomer.update(approving, subresource: "approval") }

            // A node renews its own certificate, and nobody else's, once it may.
            let node = plane.client(as: UserInfo(name: "system:node:n1", groups: ["system:nodes"]))
            let (other, _) = try request("other", node: "n2")
            await #expect(throws: APIStatusError.self) { try await node.create(other) }
            let (admin, _) = try request("admin", node: "n1", organization: "system:masters")
            _ = try await node.create(admin)
            let (renewal, _) = try request("renewal", node: "n1")
            _ = try await node.create(renewal)
            var byHand = try await plane.admin.get(CertificateSigningRequest.self, "renewal")
            byHand.add("Approved", reason: "KubectlApprove", message: "by hand")
            _ = try await plane.admin.update(byHand, subresource: "approval")
            _ = try await plane.wait(CertificateSigningRequest.self, "renewal") { !$0.status.certificate.isEmpty }
            let pending = try await plane.admin.get(CertificateSigningRequest.self, "admin")
            #expect(pending.status.conditions.isEmpty)
            // Approved by mistake: the signer still keeps to its rules.
            var mistake = try await plane.admin.get(CertificateSigningRequest.self, "admin")
            mistake.add("Approved", reason: "KubectlApprove", message: "by mistake")
            _ = try await plane.admin.update(mistake, subresource: "approval")
            let failed = try await plane.wait(CertificateSigningRequest.self, "admin") { $0.condition("Failed") != nil }
            #expect(failed.condition("Failed")?.message == "subject organization is not system:nodes")
            #expect(failed.status.certificate.isEmpty)
        }
    }

    @Test func theDescriptionOfTheClusterIsSignedWithEachToken() async throws {
        try await SmallControlPlane.with(port: 16422) { plane in
            _ = try await plane.admin.create(
                ConfigMap {
                    $0.metadata.name = "cluster-info"
                    $0.metadata.namespace = "kube-public"
                    $0.data = ["kubeconfig": Self.clusterInfo]
                })
            _ = try await plane.admin.create(token("aaaaaa", ["usage-bootstrap-signing": "true"]))
            _ = try await plane.admin.create(token("bbbbbb", ["usage-bootstrap-authentication": "true"]))
            _ = try await plane.admin.create(token("cccccc", ["usage-bootstrap-signing": "true", "expiration": "2020-01-01T00:00:00Z"]))
            let signed = try await plane.wait(ConfigMap.self, "cluster-info", namespace: "kube-public") { $0.data.count == 2 }
            let expected = DetachedSignature.sign(Array(Self.clusterInfo.utf8), id: "aaaaaa", secret: Array("0123456789abcdef".utf8))
            #expect(signed.data["jws-kubeconfig-aaaaaa"] == expected)
            // The token that has ended goes, and with a token its signature.
            try await plane.waitUntilGone(Secret.self, "bootstrap-token-cccccc", namespace: "kube-system")
            try await plane.admin.delete(Secret.self, "bootstrap-token-aaaaaa", namespace: "kube-system")
            let bare = try await plane.wait(ConfigMap.self, "cluster-info", namespace: "kube-public") { $0.data.count == 1 }
            #expect(bare.data["kubeconfig"] == Self.clusterInfo)
        }
    }

    /// Made with Python's `hmac` over the same texts.
    @Test func detachedSignatures() {
        let signature = DetachedSignature.sign(Array("payload".utf8), id: "abcdef", secret: Array("0123456789abcdef".utf8))
        #expect(signature == "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..pQpAf41KnbpDpf53Otu_ufAeAbWD9CSytTS_WpoG4Mc")
    }

    @Test(
        arguments: [
            (BuiltInSigner.apiServerClient, ["client auth"], nil),
            (.apiServerClient, ["client auth", "digital signature", "key encipherment"], nil),
            (.apiServerClient, ["digital signature"], "missing required usage for client certificate: client auth"),
            (.apiServerClient, ["client auth", "server auth"], "invalid usage for client certificate: server auth"),
            (.kubeletClient, ["client auth", "digital signature"], nil),
            (.kubeletClient, ["client auth", "digital signature", "key encipherment"], nil),
            (.kubeletClient, ["client auth"], "usages did not match [client auth digital signature key encipherment]"),
            (
                .kubeletClient, ["client auth", "digital signature", "server auth"],
                "usages did not match [client auth digital signature key encipherment]"
            ),
            (.kubeletServing, ["server auth", "digital signature"], "DNS or IP subjectAltName is required"),
            (.legacyUnknown, ["any"], nil),
        ] as [(BuiltInSigner, [String], String?)])
    func usagesOfSigners(signer: BuiltInSigner, usages: [String], flaw: String?) throws {
        let pem = try SigningRequest.make(.client(user: "system:node:n", groups: ["system:nodes"]), key: .generate())
        #expect(signer.flaw(of: try SigningRequest(pem: pem), usages: usages) == flaw)
    }

    @Test func namesOfKubeletsCertificates() throws {
        func flaws(_ spec: CertificateSpec) throws -> [String?] {
            let request = try SigningRequest(pem: try SigningRequest.make(spec, key: .generate()))
            return [
                BuiltInSigner.kubeletClient.flaw(of: request, usages: ["client auth", "digital signature"]),
                BuiltInSigner.kubeletServing.flaw(of: request, usages: ["server auth", "digital signature"]),
            ]
        }
        var spec = CertificateSpec(commonName: "system:node:n", organizations: ["system:nodes"], usages: [])
        spec.dnsNames = ["n"]
        #expect(try flaws(spec) == ["DNS subjectAltNames are not allowed", nil])
        spec.dnsNames = []
        spec.ipAddresses = ["192.0.2.1"]
        #expect(try flaws(spec) == ["IP subjectAltNames are not allowed", nil])
        spec.commonName = "n"
        let noNode = "subject common name does not begin with system:node: "
        #expect(try flaws(spec) == [noNode, noNode])
        spec.organizations = ["system:nodes", "system:masters"]
        let noNodes = "subject organization is not system:nodes"
        #expect(try flaws(spec) == [noNodes, noNodes])
    }

    @Test func lifeOfCertificates() throws {
        let now: Int64 = 1_800_000_000
        let authority = try CertificateAuthority.create(commonName: "ca", now: now)
        let signing = ClusterSigning(authority: authority, secondsMax: 86400)
        for (asked, seconds) in [(nil, 86400), (10, 600), (3600, 3600), (999_999_999, 86400)] as [(Int32?, Int64)] {
            #expect(signing.seconds(requested: asked) == seconds)
        }
        var (request, _) = try request("r", node: "n")
        #expect(CertificateSigner.handled(request, signing, now: now) == nil)
        request.add("Approved", reason: "", message: "")
        let certificate = try PEMCertificate(pem: try #require(CertificateSigner.handled(request, signing, now: now)).status.certificate)
        #expect(certificate.notBefore == now - 300)
        #expect(certificate.notAfter == now + 3600)
        var denied = request
        denied.add("Denied", reason: "", message: "")
        #expect(CertificateSigner.handled(denied, signing, now: now) == nil)
        var foreign = request
        foreign.spec.signerName = "example.com/signer"
        #expect(CertificateSigner.handled(foreign, signing, now: now) == nil)
        // An authority that ends soon signs nothing that outlives it.
        let old = try CertificateAuthority.create(commonName: "ca", now: now, validity: .seconds(1000))
        let short = try #require(CertificateSigner.handled(request, ClusterSigning(authority: old), now: now)).status.certificate
        #expect(try PEMCertificate(pem: short).notAfter == now + 1000)
    }

    @Test func requestsThatNobodyNeedsGo() {
        let now: Int64 = 1_800_000_000
        func reason(_ type: String?, age: Int64) -> String? {
            CertificateCleaner.reasonToDelete(
                CertificateSigningRequest {
                    $0.metadata.creationTimestamp = Time(seconds: now - age)
                    guard let type else { return }
                    $0.status.conditions = [
                        CertificateSigningRequestCondition {
                            $0.type = type
                            $0.lastUpdateTime = Time(seconds: now - age)
                        }
                    ]
                }, now: now)
        }
        for type in ["Approved", "Denied", "Failed"] {
            #expect(reason(type, age: 3600) == nil)
            #expect(reason(type, age: 3601) != nil)
        }
        #expect(reason("Other", age: 100_000) == nil)
        #expect(reason(nil, age: 86400) == nil)
        #expect(reason(nil, age: 86401) != nil)
    }
}
