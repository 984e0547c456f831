import FoundationEssentials
import SwiftASN1
package import X509

/// A certificate with the questions that our components ask of one.
package struct PEMCertificate: Sendable {
    package let certificate: Certificate

    package init(_ certificate: Certificate) {
        self.certificate = certificate
    }

    /// The first certificate of a PEM text.
    ///
    /// - Throws: `PKIError.malformed`; `what` names the text there.
    package init(pem: [UInt8], what: String = "the certificate") throws(PKIError) {
        guard let first = try Self.all(pem: pem, what: what).first else { throw .malformed(what: what, reason: "it holds no certificate") }
        self = first
    }

    /// All certificates of a PEM text, such as a bundle of authorities.
    package static func all(pem: [UInt8], what: String = "the certificate bundle") throws(PKIError) -> [PEMCertificate] {
        do {
            return try PEMDocument.parseMultiple(pemString: String(decoding: pem, as: UTF8.self))
                .filter { $0.discriminator == Certificate.defaultPEMDiscriminator }
                .map { PEMCertificate(try Certificate(pemDocument: $0)) }
        } catch {
            throw .malformed(what: what, reason: "\(error)")
        }
    }

    /// - Throws: `PKIError.malformed`.
    package init(der: [UInt8]) throws(PKIError) {
        do {
            certificate = try Certificate(derEncoded: der)
        } catch {
            throw .malformed(what: "the certificate", reason: "\(error)")
        }
    }

    /// - Throws: `PKIError.malformed` if the certificate cannot be written, which ours always can.
    package func pem() throws(PKIError) -> [UInt8] {
        do {
            return Array((try certificate.serializeAsPEM().pemString + "\n").utf8)
        } catch {
            throw .malformed(what: "the certificate", reason: "\(error)")
        }
    }

    /// The bytes that the signature and fingerprints are made of.
    package var der: [UInt8] {
        do {
            var serializer = DER.Serializer()
            try serializer.serialize(certificate)
            return serializer.serializedBytes
        } catch {
            return []
        }
    }

    package var commonName: String { certificate.subject.texts(.RDNAttributeType.commonName).first ?? "" }

    package var organizations: [String] { certificate.subject.texts(.RDNAttributeType.organizationName) }

    /// Seconds since 1970.
    package var notBefore: Int64 { Int64(certificate.notValidBefore.timeIntervalSince1970) }
    package var notAfter: Int64 { Int64(certificate.notValidAfter.timeIntervalSince1970) }

    package var dnsNames: [String] {
        alternativeNames.compactMap { if case .dnsName(let name) = $0 { name } else { nil } }
    }

    package var emailAddresses: [String] {
        alternativeNames.compactMap { if case .rfc822Name(let name) = $0 { name } else { nil } }
    }

    /// In text form.
    package var ipAddresses: [String] {
        alternativeNames.compactMap { if case .ipAddress(let bytes) = $0 { IPText.text(Array(bytes.bytes)) } else { nil } }
    }

    private var alternativeNames: [GeneralName] {
        do {
            return try certificate.extensions.subjectAlternativeNames.map { Array($0) } ?? []
        } catch {
            return []
        }
    }

    /// What `--discovery-token-ca-cert-hash` is the digest of: the public key with its algorithm (SubjectPublicKeyInfo), DER.
    package var publicKeyDER: [UInt8] {
        get throws(PKIError) {
            do {
                return try certificate.publicKey.serializeAsPEM().derBytes
            } catch {
                throw .malformed(what: "the public key", reason: "\(error)")
            }
        }
    }

    package var isAuthority: Bool {
        do {
            if case .isCertificateAuthority = try certificate.extensions.basicConstraints { return true }
            return false
        } catch {
            return false
        }
    }

    /// Whether the certificate may be used by a client. One that names no uses may be used for all.
    package var allowsClientAuthentication: Bool {
        do {
            guard let usages = try certificate.extensions.extendedKeyUsage else { return true }
            return usages.contains(.clientAuth) || usages.contains(.any)
        } catch {
            return false
        }
    }

    /// Whether `authority` signed this certificate. Looks at nothing else.
    package func isSigned(by authority: PEMCertificate) -> Bool {
        certificate.issuer == authority.certificate.subject
            && authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
    }
}

extension DistinguishedName {
    func texts(_ type: ASN1ObjectIdentifier) -> [String] {
        var result: [String] = []
        for relative in self {
            for attribute in relative where attribute.type == type {
                if let text = String(attribute.value) { result.append(text) }
            }
        }
        return result
    }
}
