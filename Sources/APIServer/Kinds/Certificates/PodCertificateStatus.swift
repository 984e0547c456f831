import JSON
import KubernetesAPI
import PKI

/// How a request for a pod's certificate may end: once, issued, denied or failed; and what an issued certificate must be like.
enum PodCertificateStatusRules {
    private static let chainBytesMax = 100 << 10
    /// Between each end of a certificate's life and the moment at which its renewal begins.
    private static let refreshMargin: Int64 = 600
    private static let secondsMin: Int64 = 3600
    private static let messageBytesMax = 32768

    static func validate(_ request: Field, _ old: JSONValue) {
        let status = request["status"]
        let before = request.errors.list.count
        conditions(status["conditions"])
        guard request.errors.list.count == before else { return }
        let new = tidy(status.value)
        let earlier = tidy(old["status"])
        if end(of: earlier) != nil {
            if new != earlier { status.invalid("<omitted>", "immutable after PodCertificateRequest is issued, denied, or failed") }
            return
        }
        switch end(of: new) {
        case nil:
            if new != earlier {
                status.invalid("<omitted>", "status is immutable unless transitioning to \"Issued\", \"Denied\", or \"Failed\"")
            }
        case "Issued": issued(status, request.value ?? [:])
        default:
            if new.objectValue?.keys != ["conditions"] {
                status.invalid("<omitted>", "non-condition status fields must be empty when denying or failing the PodCertificateRequest")
            }
        }
    }

    /// The condition with which a request has ended.
    private static func end(of status: JSONValue) -> String? {
        status.list("conditions").first { PodCertificateRules.ends.contains($0.text("type")) && $0.text("status") == "True" }?.text("type")
    }

    private static func tidy(_ status: JSONValue?) -> JSONValue {
        var status = status ?? [:]
        for key in status.objectValue?.keys ?? [] where status[key]?.isZero ?? true { status[key] = nil }
        return status
    }

    private static func conditions(_ conditions: Field) {
        var known = 0
        conditions.each { condition in
            let type = condition["type"]
            guard PodCertificateRules.ends.contains(type.string) else {
                type.add(.notSupported, "supported values: \"Denied\", \"Failed\", \"Issued\"")
                return
            }
            known += 1
            if known > 1 { type.invalid("There may be at most one condition with type \"Issued\", \"Denied\", or \"Failed\"") }
            condition["status"].requiredOneOf(["True"])
            let reason = condition["reason"]
            if reason.string.isEmpty {
                reason.required("must be set")
            } else if !isReason(reason.string) {
                reason.invalid("a condition reason must start with alphabetic character, and end with alphanumeric character or '_'")
            }
            condition["message"].maxLength(messageBytesMax)
        }
    }

    private static func isReason(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { isLetter(byte) || (0x30...0x39).contains(byte) || byte == UInt8(ascii: "_") }
        func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 1024 else { return false }
        return isLetter(first) && isWord(last) && text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":") }
    }

    private static func issued(_ status: Field, _ request: JSONValue) {
        let text = status["certificateChain"]
        if text.string.utf8.count > chainBytesMax {
            text.add(.tooLong, "may not be more than \(chainBytesMax) bytes")
            return
        }
        let chain: [PEMCertificate]
        do {
            chain = try CertificateChain.read(pem: text.string)
        } catch {
            text.invalid(words(error))
            return
        }
        guard let leaf = chain.first else { return }
        names(leaf, text)
        if PodCertificateRules.subjectKey(request) != SubjectKey(of: leaf) {
            text.invalid("leaf certificate was not issued to the requested public key")
            return
        }
        times(status, leaf, secondsMax: request.number("spec", "maxExpirationSeconds"))
    }

    private static func words(_ flaw: CertificateChain.Flaw) -> String {
        switch flaw {
        case .empty: "issued certificate chain must contain at least one certificate"
        case .otherBlock: "issued certificate chain must consist entirely of CERTIFICATE PEM blocks"
        case .unreadableLeaf: "leaf certificate does not parse as valid X.509"
        case .unreadableIntermediate: "intermediate certificate does not parse as valid X.509"
        }
    }

    private static func names(_ leaf: PEMCertificate, _ text: Field) {
        for name in leaf.dnsNames {
            if name.isEmpty { text.invalid(.string(name), "leaf certificate should not contain empty DNSName") }
            if name.contains("..") { text.invalid(.string(name), "leaf certificate's DNSName should not contain '..'") }
            if name.hasPrefix(".") || name.hasSuffix(".") {
                text.invalid(.string(name), "leaf certificate's DNSName should not start or end with '.'")
            }
        }
        for address in leaf.emailAddresses {
            let parts = address.split(separator: "@", omittingEmptySubsequences: false)
            if parts.count != 2 || parts.contains(where: { $0.isEmpty || $0.contains(where: \.isWhitespace) }) {
                text.invalid(.string(address), "leaf certificate should not contain invalid EmailAddress")
            }
        }
    }

    private static func times(_ status: Field, _ leaf: PEMCertificate, secondsMax: Int64) {
        let (begin, end, refresh) = (status["notBefore"], status["notAfter"], status["beginRefreshAt"])
        for field in [begin, end] where ServerClock.seconds(of: field.string) == nil {
            field.required("must be present and consistent with the issued certificate")
        }
        guard let refreshAt = ServerClock.seconds(of: refresh.string) else {
            refresh.required("must be present and in the range [notbefore+10min, notafter-10min]")
            return
        }
        guard let from = ServerClock.seconds(of: begin.string), let until = ServerClock.seconds(of: end.string) else { return }
        let seconds = leaf.notAfter - leaf.notBefore
        let chain = status["certificateChain"]
        if from != leaf.notBefore {
            begin.invalid("must be set to the NotBefore time encoded in the leaf certificate")
        } else if until != leaf.notAfter {
            end.invalid("must be set to the NotAfter time encoded in the leaf certificate")
        } else if seconds < secondsMin {
            chain.invalid(.string("\(seconds)s"), "leaf certificate lifetime must be >= 1 hour")
        } else if seconds > secondsMax {
            chain.invalid(.string("\(seconds)s"), "leaf certificate lifetime must be <= spec.maxExpirationSeconds (\(secondsMax))")
        } else if refreshAt < from + refreshMargin {
            refresh.invalid("must be at least 10 minutes after status.notBefore")
        } else if refreshAt > until - refreshMargin {
            refresh.invalid("must be at least 10 minutes before status.notAfter")
        }
    }
}
