import JSON
import KubernetesAPI

extension Strategy {
    static let certificateSigningRequest = Strategy {
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
        $0.prepareStatusUpdate = { request, old in
            // Approval has a door of its own.
            let kept = old.list("status", "conditions").filter { ["Approved", "Denied"].contains($0.text("type")) }
            request.editOrMake("status") { status in
                let others = status.list("conditions").filter { !["Approved", "Denied"].contains($0.text("type")) }
                if !(kept + others).isEmpty { status["conditions"] = .array(kept + others) }
            }
        }
        $0.updateSubresources = [
            "approval": UpdateSubresource(
                prepare: { new, old in
                    var merged = old
                    merged["metadata"] = new["metadata"]
                    let conditions = new.at("status", "conditions")
                    merged.editOrMake("status") { $0["conditions"] = conditions }
                    new = merged
                }, validate: { request, old in conditions(request["status"]["conditions"]) })
        ]
        $0.validate = { request in
            let spec = request["spec"]
            let text = spec["request"].string
            let decoded = String(decoding: Base64.decode(text) ?? [], as: UTF8.self)
            if text.isEmpty || !decoded.contains("-----BEGIN CERTIFICATE REQUEST-----") {
                spec["request"].invalid(spec["request"].value ?? .null, "PEM block type must be CERTIFICATE REQUEST")
            }
            let signer = spec["signerName"]
            if signer.string.isEmpty {
                signer.required()
            } else if !signer.string.contains("/") {
                signer.invalid("must be a fully qualified domain and path of the form 'example.com/signer-name'")
            }
            if spec["usages"].count == 0 {
                spec["usages"].errors.add(FieldError(.required, spec["usages"].path, "usages must be set to at least one key usage"))
            }
            if spec["expirationSeconds"].exists, spec["expirationSeconds"].int < 600 {
                spec["expirationSeconds"].invalid("may not specify a duration less than 600 seconds (10 minutes)")
            }
        }
        $0.selectableFields = ["spec.signerName": { $0.text("spec", "signerName") }]
        $0.table = TableView([
            .name, .age, .text("SignerName"), .text("Requestor"), .text("RequestedDuration"), .text("Condition"),
        ]) { request in
            var state: [String] = []
            let conditions = request.list("status", "conditions").map { $0.text("type") }
            if conditions.contains("Approved") {
                state.append("Approved")
            } else if conditions.contains("Denied") {
                state.append("Denied")
            } else {
                state.append("Pending")
            }
            if conditions.contains("Failed") { state.append("Failed") }
            if !request.text("status", "certificate").isEmpty { state.append("Issued") }
            let duration = request.at("spec", "expirationSeconds")?.integerValue.map { HumanDuration.text(seconds: $0) }
            return [
                .name, .age, .value(.string(request.text("spec", "signerName"))), .value(.string(request.text("spec", "username"))),
                .text(duration ?? ""), .value(.string(state.joined(separator: ","))),
            ]
        }
    }

    private static func conditions(_ conditions: Field) {
        var types: Set<String> = []
        conditions.each { condition in
            let type = condition["type"]
            if type.string.isEmpty { type.required() }
            if !types.insert(type.string).inserted { condition.duplicate(condition.value ?? .null) }
            if ["Approved", "Denied", "Failed"].contains(type.string), condition["status"].string != "True" {
                condition["status"].oneOf(["True"])
            }
        }
        if types.contains("Approved"), types.contains("Denied") { conditions.invalid("Approved and Denied conditions are mutually exclusive") }
    }
}
