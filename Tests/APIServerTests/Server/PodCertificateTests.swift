import JSON
import KubernetesAPI
import NIOHTTP1
import PKI
import Testing

@testable import APIServer

/// Requests for certificates of pods, which a server has when it is told to serve them.
@Suite struct PodCertificateTests {
    private static let path = "/apis/certificates.k8s.io/v1beta1/namespaces/default/podcertificaterequests"
    private static let merge: HTTPHeaders = ["Content-Type": "application/merge-patch+json"]
    private static let signer = "example.com/pods"

    /// The DER bytes of a PEM text in base64.
    private func base64(_ pem: [UInt8]) -> String {
        String(decoding: pem, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    }

    private func request(_ name: String, key: KeyPair = .generate(), _ change: (inout JSONValue) -> Void = { _ in }) throws -> JSONValue {
        var spec: JSONValue = [
            "signerName": .string(Self.signer), "podName": "p", "podUID": "pod-uid", "serviceAccountName": "robot", "serviceAccountUID": "sa-uid",
            "nodeName": "n1", "nodeUID": "node-uid",
            "stubPKCS10Request": .string(base64(try SigningRequest.make(CertificateSpec.client(user: ""), key: key))),
        ]
        change(&spec)
        return ["metadata": ["name": .string(name)], "spec": spec]
    }

    private func with(_ body: @escaping @Sendable (WholeServer) async throws -> Void) async throws {
        let served = try ServedVersions(settings: ["certificates.k8s.io/v1beta1/podcertificaterequests": "true"])
        try await WholeServer.with({ $0.served = served }, body)
    }

    @Test func theyAreServedOnlyWhenAskedFor() async throws {
        try await WholeServer.with { whole in
            #expect(try await whole.call(.GET, Self.path, user: WholeServer.admin).status == 404)
            let groups = try await whole.call(.GET, "/apis/certificates.k8s.io", user: WholeServer.admin)
            #expect(groups.json["versions"]?.arrayValue?.count == 1)
        }
        try await with { whole in
            #expect(try await whole.call(.GET, Self.path, user: WholeServer.admin).status == 200)
            let found = try await whole.call(.GET, "/apis/certificates.k8s.io/v1beta1", user: WholeServer.admin)
            let names = found.json["resources"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(names == ["podcertificaterequests", "podcertificaterequests/status"])
            let groups = try await whole.call(.GET, "/apis/certificates.k8s.io", user: WholeServer.admin)
            #expect(groups.json["preferredVersion"]?["version"]?.stringValue == "v1")
        }
    }

    @Test func whatMayBeAskedFor() async throws {
        let good = try request("good")
        let key = base64(try KeyPair.generate().publicKeyPEM())
        var bad: [(JSONValue, String)] = []
        for (name, value, words) in [
            ("signerName", "pods", "spec.signerName: Invalid value: \"pods\": must be a fully qualified domain and path"),
            ("podName", "P!", "spec.podName: Invalid value: \"P!\""), ("podUID", "", "spec.podUID: Invalid value: \"\": must not be empty"),
            ("nodeUID", .string(String(repeating: "x", count: 129)), "spec.nodeUID: Too long: may not be more than 128 bytes"),
            ("maxExpirationSeconds", 3599, "spec.maxExpirationSeconds: Invalid value: 3599: must be in the range [3600, 7862400]"),
            ("stubPKCS10Request", "MAA=", "must be a valid PKCS#10 certificate signing request"),
            ("pkixPublicKey", .string(key), "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set"),
            ("unverifiedUserAnnotations", ["plain": "x"], "must be a domain-prefixed key"),
        ] as [(String, JSONValue, String)] {
            bad.append((try request("bad") { $0[name] = value }, words))
        }
        bad.append(
            (
                try request("bad") {
                    $0["signerName"] = "kubernetes.io/kube-apiserver-client-pod"
                    $0["maxExpirationSeconds"] = 86401
                }, "must be in the range [3600, 86400]"
            ))
        bad.append(
            (
                try request("bad") {
                    $0["stubPKCS10Request"] = nil
                    $0["pkixPublicKey"] = .string(key)
                    $0["proofOfPossession"] = "AAAA"
                }, "could not verify proof-of-possession signature"
            ))
        let refused = bad
        try await with { whole in
            let made = try await whole.call(.POST, Self.path, good, user: WholeServer.admin)
            #expect(made.status == 201, "\(made.text)")
            #expect(made.json["spec"]?["maxExpirationSeconds"]?.integerValue == 86400)
            for (object, words) in refused {
                let reply = try await whole.call(.POST, Self.path, object, user: WholeServer.admin)
                #expect(reply.status == 422 && reply.text.replacing("\\\"", with: "\"").contains(words), "\(words): \(reply.text)")
            }
            let change = try await whole.call(
                .PATCH, Self.path + "/good", ["spec": ["podName": "other"]], user: WholeServer.admin, headers: Self.merge)
            #expect(change.status == 422 && change.text.contains("field is immutable"), "\(change.text)")
            let labelled = try await whole.call(
                .PATCH, Self.path + "/good", ["metadata": ["labels": ["a": "b"]]], user: WholeServer.admin, headers: Self.merge)
            #expect(labelled.status == 200)
            for (selector, count) in [("spec.nodeName=n1", 1), ("spec.podName=q", 0), ("spec.signerName=example.com%2Fpods", 1)] {
                let list = try await whole.call(.GET, Self.path + "?fieldSelector=" + selector, user: WholeServer.admin)
                #expect(list.json["items"]?.arrayValue?.count == count, "\(selector): \(list.text)")
            }
        }
    }

    private func condition(_ type: String) -> JSONValue {
        ["type": .string(type), "status": "True", "reason": "Because", "message": "m"]
    }

    /// A certificate of an authority for the key, from `start` on for `seconds`, as a status.
    private func issued(_ authority: CertificateAuthority, _ key: KeyPair, seconds: Int64 = 7200, ago: Int64 = -60) throws -> JSONValue {
        let request = try SigningRequest(pem: try SigningRequest.make(.client(user: "p"), key: key))
        let leaf = try authority.sign(
            request, as: .client(user: "p", validity: .seconds(seconds)), now: systemSeconds() - ago)
        return [
            "conditions": [condition("Issued")], "certificateChain": .string(String(decoding: try leaf.pem(), as: UTF8.self)),
            "notBefore": .string(ServerClock.text(leaf.notBefore)), "notAfter": .string(ServerClock.text(leaf.notAfter)),
            "beginRefreshAt": .string(ServerClock.text(leaf.notBefore + 3600)),
        ]
    }

    @Test func howARequestEnds() async throws {
        let key = KeyPair.generate()
        let names = ["issued", "denied", "open"]
        let requests = try names.map { try request($0, key: key) }
        // Its certificates begin a while ago: older than what counts as now.
        let authority = try CertificateAuthority.create(commonName: "pods", now: systemSeconds() - 86400)
        try await with { whole in
            for request in requests { _ = try await whole.call(.POST, Self.path, request, user: WholeServer.admin) }
            func end(_ name: String, _ status: JSONValue, user: CertificateSpec = WholeServer.admin) async throws -> WholeServer.Reply {
                try await whole.call(.PATCH, "\(Self.path)/\(name)/status", ["status": status], user: user, headers: Self.merge)
            }
            let good = try issued(authority, key)
            var changed = good
            changed["beginRefreshAt"] = changed["notBefore"]
            var unnamed = good
            unnamed["conditions"] = [["type": "Issued", "status": "True"]]
            var unfinished = good
            unfinished["conditions"] = nil
            for (status, words) in [
                (["conditions": [condition("Approved")]], "supported values: \"Denied\", \"Failed\", \"Issued\""),
                (["conditions": [condition("Denied"), condition("Failed")]], "There may be at most one condition"),
                (["conditions": [["type": "Denied", "status": "False", "reason": "A"]]], "supported values: \"True\""),
                (unnamed, "status.conditions[0].reason: Required value: must be set"),
                (unfinished, "status is immutable unless transitioning"),
                (["conditions": [condition("Denied")], "certificateChain": "x"], "non-condition status fields must be empty"),
                (["conditions": [condition("Issued")]], "must contain at least one certificate"),
                (try issued(authority, .generate()), "was not issued to the requested public key"),
                (try issued(authority, key, seconds: 1800), "lifetime must be >= 1 hour"),
                (try issued(authority, key, seconds: 90000), "lifetime must be <= spec.maxExpirationSeconds (86400)"),
                (changed, "must be at least 10 minutes after status.notBefore"),
                (try issued(authority, key, ago: 3600), "must be set to within 5 minutes of kube-apiserver's current time"),
            ] as [(JSONValue, String)] {
                let reply = try await end("open", status)
                #expect(reply.status == 422 && reply.text.replacing("\\\"", with: "\"").contains(words), "\(words): \(reply.text)")
            }
            // The right to the subresource is not enough.
            let role: JSONValue = [
                "metadata": ["name": "statuses"],
                "rules": [["apiGroups": ["certificates.k8s.io"], "resources": ["podcertificaterequests/status"], "verbs": ["patch"]]],
            ]
            _ = try await whole.call(.POST, "/apis/rbac.authorization.k8s.io/v1/clusterroles", role, user: WholeServer.admin)
            let binding: JSONValue = [
                "metadata": ["name": "statuses"],
                "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "statuses"],
                "subjects": [["kind": "User", "name": "ana", "apiGroup": "rbac.authorization.k8s.io"]],
            ]
            _ = try await whole.call(.POST, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding, user: WholeServer.admin)
            var reply = try await end("open", good, user: WholeServer.ana)
            while reply.status == 403 {
                await Task.yield()
                reply = try await end("open", good, user: WholeServer.ana)
            }
            #expect(reply.status == 422 && reply.text.contains("is not permitted to"), "\(reply.text)")

            let signed = try await end("issued", good)
            #expect(signed.status == 200, "\(signed.text)")
            #expect(signed.json["status"]?["conditions"]?[0]?["lastTransitionTime"]?.stringValue?.isEmpty == false)
            #expect(try await end("denied", ["conditions": [condition("Denied")]]).status == 200)
            for name in ["issued", "denied"] {
                let again = try await end(name, try issued(authority, key, seconds: 10800))
                #expect(again.status == 422, "\(again.text)")
            }
        }
    }

    @Test func aKubeletAsksForItsOwnPodsAlone() async throws {
        let requests = try ["a", "b"].map { try request($0) }
        try await with { whole in
            let admin = WholeServer.admin
            func uid(_ path: String, _ object: JSONValue) async throws -> JSONValue {
                let reply = try await whole.call(.POST, path, object, user: admin)
                return try #require(reply.json["metadata"]?["uid"], "\(reply.text)")
            }
            let account = try await uid("/api/v1/namespaces/default/serviceaccounts", ["metadata": ["name": "robot"]])
            let node = try await uid("/api/v1/nodes", ["metadata": ["name": "n1"]])
            _ = try await uid("/api/v1/nodes", ["metadata": ["name": "n2"]])
            let pod = try await uid(
                "/api/v1/namespaces/default/pods",
                [
                    "metadata": ["name": "p"],
                    "spec": ["nodeName": "n1", "serviceAccountName": "robot", "containers": [["name": "c", "image": "i"]]],
                ])
            func kubelet(_ name: String) -> CertificateSpec { .client(user: "system:node:\(name)", groups: ["system:nodes"]) }
            var right = requests[0]
            right["spec"]?["podUID"] = pod
            right["spec"]?["serviceAccountUID"] = account
            right["spec"]?["nodeUID"] = node
            for (field, value, words) in [
                ("podUID", "other", "names pod UID"), ("nodeUID", "other", "names node UID"), ("nodeName", "n2", "which is not the requesting node"),
                ("serviceAccountUID", "other", "names service account UID"), ("serviceAccountName", "default", "that differs from running pod"),
                ("podName", "q", "which does not exist"),
            ] as [(String, JSONValue, String)] {
                var wrong = right
                wrong["spec"]?[field] = value
                let reply = try await whole.call(.POST, Self.path, wrong, user: kubelet("n1"))
                #expect(reply.status == 403 && reply.text.contains(words), "\(field): \(reply.text)")
            }
            let made = try await whole.call(.POST, Self.path, right, user: kubelet("n1"))
            #expect(made.status == 201, "\(made.text)")
            // Another's is not to be seen.
            #expect(try await whole.call(.GET, Self.path + "/a", user: kubelet("n1")).status == 200)
            #expect(try await whole.call(.GET, Self.path + "/a", user: kubelet("n2")).status == 403)
            #expect(try await whole.call(.GET, Self.path + "?fieldSelector=spec.nodeName%3Dn1", user: kubelet("n1")).status == 200)
            #expect(try await whole.call(.GET, Self.path + "?fieldSelector=spec.nodeName%3Dn1", user: kubelet("n2")).status == 403)
            #expect(try await whole.call(.GET, Self.path, user: kubelet("n1")).status == 403)
            // A node signs nothing, not even its own.
            let status = try await whole.call(
                .PATCH, Self.path + "/a/status", ["status": [:]], user: kubelet("n1"), headers: Self.merge)
            #expect(status.status == 403)
            #expect(try await whole.call(.DELETE, Self.path + "/a", user: kubelet("n1")).status == 403)
        }
    }
}
