import JSON
import KubernetesAPI
import PKI

/// The conditions of a `CertificateSigningRequest`: what was decided about it. What has been decided is never taken back.
enum CertificateConditions {
    private static let decisions = ["Approved", "Denied"]
    private static let final = ["Approved", "Denied", "Failed"]

    static func summary(_ request: JSONValue) -> String {
        let types = request.list("status", "conditions").map { $0.text("type") }
        var words = [types.contains("Denied") ? "Denied" : types.contains("Approved") ? "Approved" : "Pending"]
        if types.contains("Failed") { words.append("Failed") }
        if !request.text("status", "certificate").isEmpty { words.append("Issued") }
        return words.joined(separator: ",")
    }

    /// The moment of a condition's last change, where the client left it to the server.
    static func stamp(_ request: inout JSONValue, _ old: JSONValue, now: String) {
        let known = old.list("status", "conditions")
        request.edit("status") { status in
            status.editEach("conditions") { condition in
                condition.setDefaultString("lastUpdateTime", now)
                if condition.text("lastTransitionTime").isEmpty {
                    let same = known.first { $0.text("type") == condition.text("type") && $0.text("status") == condition.text("status") }
                    let since = same?.text("lastTransitionTime") ?? ""
                    condition["lastTransitionTime"] = .string(since.isEmpty ? now : since)
                }
            }
        }
    }

    /// - Parameter approves: whether this door is the one for decisions.
    /// - Parameter issues: whether this door is the one for the certificate.
    static func validateUpdate(_ request: Field, _ old: JSONValue, approves: Bool, issues: Bool) {
        let conditions = request["status"]["conditions"]
        validate(conditions)
        let (new, before) = (request.value?.list("status", "conditions") ?? [], old.list("status", "conditions"))
        for type in final {
            let (added, kept) = (new.filter { $0.text("type") == type }, before.filter { $0.text("type") == type })
            if added.count < kept.count {
                conditions.forbidden("updates may not remove a condition of type \(goQuoted(type))")
            } else if decisions.contains(type), !approves {
                if added.count > kept.count {
                    conditions.forbidden("updates may not add a condition of type \(goQuoted(type))")
                } else if added != kept {
                    conditions.forbidden("updates may not modify a condition of type \(goQuoted(type))")
                }
            }
        }
        let certificate = request["status"]["certificate"]
        guard certificate.string != old.text("status", "certificate") else { return }
        if !issues {
            certificate.forbidden("updates may not set certificate content")
        } else if !old.text("status", "certificate").isEmpty {
            certificate.forbidden("updates may not modify existing certificate content")
        } else if let flaw = flaw(ofCertificate: Base64.decode(certificate.string) ?? []) {
            certificate.invalid("<certificate data>", flaw)
        }
    }

    private static func validate(_ conditions: Field) {
        var types: Set<String> = []
        conditions.each { condition in
            let type = condition["type"]
            if type.string.isEmpty { type.required() }
            if final.contains(type.string) {
                condition["status"].requiredOneOf(["True"])
            } else {
                condition["status"].requiredOneOf(["False", "True", "Unknown"])
            }
            if !types.insert(type.string).inserted { condition.duplicate(type.value ?? .null) }
        }
        if types.contains("Approved"), types.contains("Denied") {
            conditions.invalid(.string("Denied"), "Approved and Denied conditions are mutually exclusive")
        }
    }

    /// What is wrong with a text that is to be the certificate; nil if nothing is.
    private static func flaw(ofCertificate bytes: [UInt8]) -> String? {
        if bytes.isEmpty { return nil }
        do {
            return try PEMCertificate.all(pem: bytes).isEmpty ? "must contain at least one CERTIFICATE PEM block" : nil
        } catch {
            return "\(error)"
        }
    }
}
