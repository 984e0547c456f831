import CertificatesV1
import KubernetesAPI
import PKI

extension CertificateSigningRequest {
    func condition(_ type: String) -> CertificateSigningRequestCondition? { status.conditions.first { $0.type == type } }

    var isApproved: Bool { condition("Approved") != nil && condition("Denied") == nil }
    var isDecided: Bool { condition("Approved") != nil || condition("Denied") != nil }
    var isIssued: Bool { !status.certificate.isEmpty }

    mutating func add(_ type: String, reason: String, message: String) {
        status.conditions.append(
            CertificateSigningRequestCondition {
                $0.type = type
                $0.status = "True"
                $0.reason = reason
                $0.message = message
            })
    }
}
