import JSON

/// Services get no further `externalIPs`; those that they have may stay. Off unless asked for.
struct DenyServiceExternalIPs: ValidatingAdmission {
    let name = "DenyServiceExternalIPs"

    func validate(_ review: inout AdmissionReview) throws(APIStatus) {
        guard review.isFor("", "services"), review.subresource.isEmpty, review.operation == .create || review.operation == .update,
            let service = review.object
        else { return }
        let held = Set((review.old?.list("spec", "externalIPs") ?? []).compactMap(\.stringValue))
        let wanted = Set(service.list("spec", "externalIPs").compactMap(\.stringValue))
        guard !wanted.isSubset(of: held) else { return }
        throw review.forbidden("Use of external IPs is denied by admission control")
    }
}
