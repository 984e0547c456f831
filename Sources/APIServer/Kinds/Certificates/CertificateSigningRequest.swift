import JSON
import KubernetesAPI
import PKI

extension Strategy {
    static let certificateSigningRequest = Strategy {
        $0.name = { _ in [] }
        $0.prepareCreate = { request, context in
            // Who asks is what the server knows, not what the client says.
            request.editOrMake("spec") { spec in
                spec["username"] = .string(context.user.name)
                spec["uid"] = context.user.uid.isEmpty ? nil : .string(context.user.uid)
                spec["groups"] = context.user.groups.isEmpty ? nil : JSONValue(context.user.groups)
                spec["extra"] =
                    context.user.extra.isEmpty
                    ? nil
                    : .object(
                        JSONObject(uniqueEntries: context.user.extra.sorted { $0.key < $1.key }.map { (key: $0.key, value: JSONValue($0.value)) }))
            }
        }
        $0.prepareUpdate = { request, old, _ in request["spec"] = old["spec"] }
        $0.updateSubresources = [
            "approval": UpdateSubresource(
                prepare: { new, old in
                    // Approval is a matter of conditions alone.
                    var merged = old
                    merged["metadata"] = new["metadata"]
                    let conditions = new.at("status", "conditions")
                    merged.editOrMake("status") { $0["conditions"] = conditions }
                    new = merged
                },
                validate: { request, old in CertificateConditions.validateUpdate(request, old, approves: true, issues: false) })
        ]
        $0.stampStatus = { CertificateConditions.stamp(&$0, $1, now: $2) }
        $0.validateStatusUpdate = { request, old in CertificateConditions.validateUpdate(request, old, approves: false, issues: true) }
        $0.validate = { CertificateRequestRules.validate($0["spec"]) }
        // The specification never changes, so a change of metadata need not prove it again.
        $0.validatesChangesOnly = true
        $0.selectableFields = ["spec.signerName": { $0.text("spec", "signerName") }]
        $0.table = TableView([
            .name, .age, .text("SignerName"), .text("Requestor"), .text("RequestedDuration"), .text("Condition"),
        ]) { request in
            let duration = request.at("spec", "expirationSeconds")?.integerValue.map { HumanDuration.text(seconds: $0) }
            return [
                .name, .age, .value(.string(request.text("spec", "signerName"))), .value(.string(request.text("spec", "username"))),
                .text(duration ?? ""), .value(.string(CertificateConditions.summary(request))),
            ]
        }
    }
}

/// What a request for a certificate must be like.
enum CertificateRequestRules {
    private static let secondsMin: Int64 = 600
    /// 253 of a domain, one slash, and 63 times a label with a dot, less the last.
    private static let signerNameLengthMax = 571

    static func validate(_ spec: Field) {
        let request = spec["request"]
        do {
            _ = try SigningRequest(pem: Base64.decode(request.string) ?? [])
        } catch .invalidRequest(let reason) {
            request.invalid(request.value ?? .null, reason)
        } catch {
            request.invalid(request.value ?? .null, error.description)
        }
        let usages = spec["usages"]
        if usages.count == 0 { usages.errors.add(FieldError(.required, usages.path)) }
        var seen: Set<String> = []
        usages.each { usage in
            usage.oneOf(KeyUsages.names)
            if !seen.insert(usage.string).inserted { usage.duplicate(usage.value ?? .null) }
        }
        signerName(spec["signerName"])
        let seconds = spec["expirationSeconds"]
        if seconds.exists, seconds.int < secondsMin { seconds.invalid("may not specify a duration less than 600 seconds (10 minutes)") }
    }

    static func signerName(_ name: Field) {
        if name.string.isEmpty {
            name.required()
            return
        }
        if name.string == "kubernetes.io/legacy-unknown" {
            name.invalid("the legacy signerName is not allowed via this API version")
            return
        }
        let parts = name.string.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            name.invalid("must be a fully qualified domain and path of the form 'example.com/signer-name'")
            return
        }
        for complaint in NameValidation.dns1123Subdomain(parts[0]) {
            name.invalid(.string(parts[0]), "validating label \(goQuoted(parts[0])): \(complaint)")
        }
        if !parts[0].contains(".") { name.invalid(.string(parts[0]), "should be a domain with at least two segments separated by dots") }
        for label in parts[1].split(separator: ".", omittingEmptySubsequences: false).map(String.init) {
            for complaint in NameValidation.dns1123Label(label) {
                name.invalid(.string(parts[1]), "validating label \(goQuoted(label)): \(complaint)")
            }
        }
        if name.string.utf8.count > signerNameLengthMax { name.add(.tooLong, "may not be more than \(signerNameLengthMax) bytes") }
    }
}
