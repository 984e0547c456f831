import JSON
import NIOHTTP1
import NIOSSL
import PKI
import Testing

@testable import APIServer

extension Attacks {
    /// Certificates in the wrong hands or in the wrong place.
    @Suite struct CertificateAttackTests {
        /// What a call with a certificate of another authority gives.
        private func call(
            _ whole: WholeServer, by authority: CertificateAuthority, _ spec: CertificateSpec, headers: HTTPHeaders = [:], now: Int64? = nil
        )
            async throws -> WholeServer.Reply
        {
            let (certificate, key) = try authority.issue(spec, now: now ?? systemSeconds())
            return try await whole.call(
                .GET, "/api/v1/namespaces/kube-system/secrets", chain: try certificate.pem(), key: try key.pem(), headers: headers)
        }

        @Test func authoritiesKeepToTheirPlaces() async throws {
            let proxies = try CertificateAuthority.create(commonName: "front-proxy-ca", now: systemSeconds())
            try await WholeServer.with({ $0.authentication.frontProxy = .init(authorities: [proxies.certificate]) }) { whole in
                let root: HTTPHeaders = ["X-Remote-User": "root", "X-Remote-Group": "system:masters"]
                let masters = CertificateSpec.client(user: "root", groups: ["system:masters"])
                // The authority of proxies names no user, whatever its certificates say.
                #expect(try await call(whole, by: proxies, masters).status == 401)
                #expect(try await call(whole, by: proxies, .client(user: "front-proxy-client"), headers: root).status == 200)
                // A client is no proxy, whatever it says.
                #expect(try await call(whole, by: whole.authority, .client(user: "ana"), headers: root).status == 403)
                #expect(try await whole.call(.GET, "/api/v1/secrets", headers: root).status == 403)
                let token = try await whole.account("robot")
                var both = WholeServer.bearer(token)
                both.add(contentsOf: root)
                #expect(try await whole.call(.GET, "/api/v1/secrets", headers: both).status == 403)

                // An authority that only bears the name of ours.
                let stranger = try CertificateAuthority.create(commonName: "kubernetes", now: systemSeconds())
                #expect(try await call(whole, by: stranger, masters).status == 401)
                // For servers, not for clients.
                #expect(try await call(whole, by: whole.authority, .serving("root", dnsNames: ["root"], ipAddresses: [])).status == 401)
                // Signed by somebody whom we have signed, who is no authority.
                let (leaf, leafKey) = try whole.authority.issue(masters, now: systemSeconds())
                #expect(throws: PKIError.self) { _ = try CertificateAuthority(certificate: leaf, key: leafKey) }
                // Nobody's.
                #expect(
                    try await call(
                        whole, by: whole.authority, CertificateSpec(commonName: "", organizations: ["system:masters"], usages: [.clientAuth])
                    )
                    .status == 401)
            }
        }

        @Test func certificatesOfAnotherTime() async throws {
            try await WholeServer.with { whole in
                var spec = CertificateSpec.client(user: "root", groups: ["system:masters"])
                #expect(try await call(whole, by: whole.authority, spec).status == 200)
                spec.validity = .seconds(3600)
                // An authority that has been there for longer than a day.
                let old = try CertificateAuthority.create(commonName: "kubernetes", now: systemSeconds() - 86400)
                let judge = ClientCertificateJudge(authorities: [old.certificate])
                for (start, good) in [(systemSeconds() - 60, true), (systemSeconds() - 7200, false), (systemSeconds() + 3600, false)] {
                    let (certificate, _) = try old.issue(spec, now: start)
                    var verified = false
                    if case .verified = await judge.judge([certificate]) { verified = true }
                    #expect(verified == good, "\(start)")
                }
            }
        }

        /// As upstream: the certificate still says who one is, and there is nothing left that this one may read.
        @Test func aCertificateOfANodeThatWasDeleted() async throws {
            try await WholeServer.with { whole in
                let admin = WholeServer.admin
                let kubelet = CertificateSpec.client(user: "system:node:n1", groups: ["system:nodes"])
                _ = try await whole.call(.POST, "/api/v1/nodes", ["metadata": ["name": "n1"]], user: admin)
                _ = try await whole.call(.POST, "/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "default"]], user: admin)
                _ = try await whole.call(
                    .POST, "/api/v1/namespaces/default/secrets", ["metadata": ["name": "s"], "stringData": ["a": "b"]], user: admin)
                let pod = try await whole.call(
                    .POST, "/api/v1/namespaces/default/pods",
                    [
                        "metadata": ["name": "p"],
                        "spec": [
                            "nodeName": "n1", "containers": [["name": "c", "image": "i"]], "volumes": [["name": "v", "secret": ["secretName": "s"]]],
                        ],
                    ], user: admin)
                #expect(pod.status == 201, "\(pod.text)")
                let secret = "/api/v1/namespaces/default/secrets/s"
                let before = try await whole.settled(403) { try await whole.call(.GET, secret, user: kubelet) }
                #expect(before.status == 200)
                _ = try await whole.call(.DELETE, "/api/v1/nodes/n1", user: admin)
                _ = try await whole.call(.DELETE, "/api/v1/namespaces/default/pods/p?gracePeriodSeconds=0", user: admin)
                let after = try await whole.settled(200) { try await whole.call(.GET, secret, user: kubelet) }
                #expect(after.status == 403)
                #expect(try await whole.call(.GET, "/api/v1/nodes/n1", user: kubelet).status == 404)
                #expect(
                    try await whole.call(
                        .PATCH, "/api/v1/nodes/n1/status", ["status": ["phase": "Running"]], user: kubelet,
                        headers: ["Content-Type": "application/merge-patch+json"]
                    ).status == 404)
            }
        }

        @Test func oldVersionsOfTLS() async throws {
            try await WholeServer.with { whole in
                let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                for (version, good) in [(TLSVersion.tlsv1, false), (.tlsv11, false), (.tlsv12, true), (.tlsv13, true)] {
                    var raw = whole.raw()
                    raw.versions = (version, version)
                    var answer = ""
                    do { answer = try await raw.say(request) } catch { answer = "" }
                    #expect(answer.hasPrefix("HTTP/1.1 200") == good, "\(version): \(answer)")
                }
            }
        }

        /// 2019: suites without a fresh key for each connection, or whose encryption can be played with.
        @Test func weakCipherSuites() async throws {
            try await WholeServer.with { whole in
                for (suites, good) in [
                    ("ECDHE-ECDSA-AES128-SHA", false), ("ECDHE-ECDSA-AES256-SHA:AES128-SHA:AES256-SHA:AES128-GCM-SHA256", false),
                    ("ECDHE-ECDSA-AES128-GCM-SHA256", true), ("ECDHE-ECDSA-CHACHA20-POLY1305", true),
                ] {
                    var raw = whole.raw()
                    raw.versions = (.tlsv12, .tlsv12)
                    raw.cipherSuites = suites
                    var answer = ""
                    do { answer = try await raw.say("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") } catch { answer = "" }
                    #expect(answer.hasPrefix("HTTP/1.1 200") == good, "\(suites): \(answer)")
                }
            }
        }
    }
}
