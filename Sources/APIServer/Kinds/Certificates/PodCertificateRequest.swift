import JSON
import KubernetesAPI
import PKI

extension Strategy {
    static let podCertificateRequest = Strategy {
        $0.unconditionalUpdate = false
        $0.defaults = { $0.edit("spec") { $0.setDefault("maxExpirationSeconds", .integer(PodCertificateRules.secondsDefault)) } }
        $0.validate = { PodCertificateRules.validate($0["spec"]) }
        // The specification never changes, so a change of metadata need not prove it again.
        $0.validatesChangesOnly = true
        $0.validateUpdate = { request, old in request["spec"].immutable(since: old["spec"]) }
        $0.prepareStatusUpdate = { request, old in
            let fields = request.at("metadata", "managedFields")
            request["metadata"] = old["metadata"]
            request["metadata"]?["managedFields"] = fields
            PodCertificateRules.keepDecisions(&request, old)
        }
        $0.stampStatus = { request, old, now in
            let known = old.list("status", "conditions")
            request.edit("status") { status in
                status.editEach("conditions") { condition in
                    let same = known.first { $0.text("type") == condition.text("type") && $0.text("status") == condition.text("status") }
                    condition.setDefaultString("lastTransitionTime", same?.text("lastTransitionTime") ?? now)
                }
            }
        }
        $0.validateStatusUpdate = { request, old in PodCertificateStatusRules.validate(request, old) }
        $0.selectableFields = [
            "spec.signerName": { $0.text("spec", "signerName") }, "spec.podName": { $0.text("spec", "podName") },
            "spec.nodeName": { $0.text("spec", "nodeName") },
        ]
    }
}

/// What a request for a pod's certificate must be like.
enum PodCertificateRules {
    static let secondsDefault: Int64 = 24 * 3600
    private static let secondsMin: Int64 = 3600
    private static let secondsMax: Int64 = 91 * 24 * 3600
    /// Of Kubernetes' own signers.
    private static let secondsMaxOwn: Int64 = 24 * 3600
    private static let uidBytesMax = 128
    private static let keyBytesMax = 10 << 10
    /// The conditions with which a request has ended.
    static let ends = ["Issued", "Denied", "Failed"]

    static func validate(_ spec: Field) {
        CertificateRequestRules.signerName(spec["signerName"])
        annotations(spec["unverifiedUserAnnotations"])
        for (name, uid) in [("podName", "podUID"), ("serviceAccountName", "serviceAccountUID"), ("nodeName", "nodeUID")] {
            let (name, uid) = (spec[name], spec[uid])
            for complaint in NameValidation.dns1123Subdomain(name.string) { name.invalid(.string(name.string), complaint) }
            if uid.string.isEmpty { uid.invalid(.string(""), "must not be empty") }
            uid.maxLength(uidBytesMax)
        }
        let seconds = spec["maxExpirationSeconds"]
        let upper = isOwn(spec["signerName"].string) ? secondsMaxOwn : secondsMax
        if !(secondsMin...upper).contains(seconds.int) { seconds.invalid("must be in the range [\(secondsMin), \(upper)]") }
        key(spec)
    }

    private static func isOwn(_ signerName: String) -> Bool {
        let domain = signerName.prefix { $0 != "/" }
        return domain == "kubernetes.io" || domain.hasSuffix(".kubernetes.io")
    }

    private static func annotations(_ annotations: Field) {
        LabelRules.annotations(annotations)
        annotations.entries { key, _ in
            if NameValidation.qualifiedName(key.lowercased()).isEmpty, !key.contains("/") {
                annotations.invalid(.string(key), "must be a domain-prefixed key (such as \"acme.io/foo\")")
            }
        }
    }

    /// The key is in a request that it has signed, or stands by itself beside a proof that the kubelet holds it.
    private static func key(_ spec: Field) {
        let (request, key, proof) = (spec["stubPKCS10Request"], spec["pkixPublicKey"], spec["proofOfPossession"])
        for field in [request, key, proof] where (Base64.decode(field.string)?.count ?? 0) > keyBytesMax {
            field.add(.tooLong, "may not be more than \(keyBytesMax) bytes")
            return
        }
        switch (request.isEmpty, key.isEmpty, proof.isEmpty) {
        case (false, true, true):
            do {
                bits(SubjectKey(of: try SigningRequest(der: Base64.decode(request.string) ?? [])), request)
            } catch {
                request.invalid("must be a valid PKCS#10 certificate signing request, signed with its own key")
            }
        case (true, false, false):
            do {
                let subject = try SubjectKey(der: Base64.decode(key.string) ?? [])
                guard bits(subject, key) else { return }
                if !subject.isSignature(Base64.decode(proof.string) ?? [], of: Array(spec["podUID"].string.utf8)) {
                    // What does not fit may be a secret of somebody else.
                    proof.invalid("<omitted>", "could not verify proof-of-possession signature")
                }
            } catch {
                key.invalid("must be a valid PKIX-serialized public key")
            }
        default:
            spec.invalid("<omitted>", "exactly one of (stubPKCS10Request) or (pkixPublicKey, proofOfPossession) must be set")
        }
    }

    @discardableResult
    private static func bits(_ key: SubjectKey, _ field: Field) -> Bool {
        guard let bits = key.rsaBits, bits != 3072, bits != 4096 else { return true }
        field.invalid(.string("\(bits)-bit modulus"), "RSA keys must have modulus size 3072 or 4096")
        return false
    }

    /// The key for which a certificate is asked; nil if there is none, which no stored request lacks.
    static func subjectKey(_ request: JSONValue) -> SubjectKey? {
        if let stub = Base64.decode(request.text("spec", "stubPKCS10Request")), !stub.isEmpty {
            return (try? SigningRequest(der: stub)).map { SubjectKey(of: $0) }
        }
        return try? SubjectKey(der: Base64.decode(request.text("spec", "pkixPublicKey")) ?? [])
    }

    /// A decision stays as it was made, whatever is sent in its place.
    static func keepDecisions(_ request: inout JSONValue, _ old: JSONValue) {
        let known = old.list("status", "conditions")
        request.edit("status") { status in
            status.editEach("conditions") { condition in
                guard ends.contains(condition.text("type")) else { return }
                if let same = known.first(where: { $0.text("type") == condition.text("type") }) { condition = same }
            }
        }
    }
}
