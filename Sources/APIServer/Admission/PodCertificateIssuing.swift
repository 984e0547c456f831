import JSON
import KubernetesAPI

/// Only those who may sign for a signer end a pod's request with a certificate, and the certificate begins now. No plugin that could be switched off:
/// it holds as the rules of the kind do.
struct PodCertificateIssuing: ValidatingAdmission {
    let name = "PodCertificateIssuing"
    let authorizer: any Authorizer

    /// How far the beginning of a certificate may be from now.
    private static let skewSeconds: Int64 = 300

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("certificates.k8s.io", "podcertificaterequests"), review.subresource == "status", review.operation == .update,
            let old = review.old, let new = review.object, old.at("status", "certificateChain") != new.at("status", "certificateChain")
        else { return }
        let path = { (parts: [String]) in parts.reduce(FieldPath.root) { .member($0, $1) } }
        let begin = new.text("status", "notBefore")
        if let begins = ServerClock.seconds(of: begin), let now = ServerClock.seconds(of: review.context.now), abs(begins - now) >= Self.skewSeconds {
            let why = "must be set to within 5 minutes of kube-apiserver's current time"
            throw review.resource.invalid(review.name, [FieldError(.invalid, path(["status", "notBefore"]), value: .string(begin), why)])
        }
        let signer = old.text("spec", "signerName")
        let user = review.context.user
        if SignerRights.may("sign", signer, user, { review.may($0, by: authorizer) }) { return }
        let why = "User \(goQuoted(user.name)) is not permitted to \"sign\" for signer \(goQuoted(signer))"
        throw review.resource.invalid(review.name, [FieldError(.forbidden, path(["spec", "signerName"]), why)])
    }
}
