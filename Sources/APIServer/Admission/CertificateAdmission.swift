import JSON
import KubernetesAPI
import PKI

/// Who may act for a signer: the verb on that signer, or on all signers of its domain.
enum SignerRights {
    static func may(_ verb: String, _ signerName: String, _ user: UserInfo, _ authorizer: any Authorizer) -> Bool {
        may(verb, signerName, user) { authorizer.authorize($0).isAllowed }
    }

    static func may(_ verb: String, _ signerName: String, _ user: UserInfo, _ isAllowed: (AuthorizationAttributes) -> Bool) -> Bool {
        func may(_ name: String) -> Bool {
            isAllowed(
                AuthorizationAttributes(user: user, verb: verb, apiGroup: "certificates.k8s.io", apiVersion: "*", resource: "signers", name: name))
        }
        if may(signerName) { return true }
        guard let slash = signerName.firstIndex(of: "/") else { return false }
        return may(signerName[..<slash] + "/*")
    }
}

extension AdmissionReview {
    fileprivate func maySign(_ verb: String, _ signerName: String, by authorizer: any Authorizer) -> Bool {
        SignerRights.may(verb, signerName, context.user) { may($0, by: authorizer) }
    }

    fileprivate func isCertificateRequest(_ door: String) -> Bool {
        isFor("certificates.k8s.io", "certificatesigningrequests") && subresource == door
    }
}

/// Only those who may approve for a signer approve or deny what is asked of it.
struct CertificateApproval: ValidatingAdmission {
    let name = "CertificateApproval"
    let authorizer: any Authorizer

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isCertificateRequest("approval"), review.operation == .update, let signer = review.old?.text("spec", "signerName") else {
            return
        }
        if review.maySign("approve", signer, by: authorizer) { return }
        throw review.forbidden("user not permitted to approve requests with signerName \(goQuoted(signer))")
    }
}

/// Only those who may sign for a signer write its certificates.
struct CertificateSigning: ValidatingAdmission {
    let name = "CertificateSigning"
    let authorizer: any Authorizer

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isCertificateRequest("status"), review.operation == .update, let old = review.old, let new = review.object else { return }
        // Who changes neither the certificate nor what was decided needs no right.
        if old.at("status", "certificate") == new.at("status", "certificate"), old.at("status", "conditions") == new.at("status", "conditions") {
            return
        }
        let signer = old.text("spec", "signerName")
        if review.maySign("sign", signer, by: authorizer) { return }
        throw review.forbidden("user not permitted to sign requests with signerName \(goQuoted(signer))")
    }
}

/// Nobody becomes an administrator by asking for a certificate.
struct CertificateSubjectRestriction: ValidatingAdmission {
    let name = "CertificateSubjectRestriction"
    private static let signer = "kubernetes.io/kube-apiserver-client"

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isCertificateRequest(""), review.operation == .create, let object = review.object,
            object.text("spec", "signerName") == Self.signer
        else { return }
        let request: SigningRequest
        do {
            request = try SigningRequest(pem: Base64.decode(object.text("spec", "request")) ?? [])
        } catch {
            throw review.forbidden("unable to parse CSR: \(error)")
        }
        if request.organizations.contains(UserInfo.mastersGroup) {
            throw review.forbidden("use of \(Self.signer) signer with \(UserInfo.mastersGroup) group is not allowed")
        }
    }
}
