import FoundationEssentials
import SwiftASN1
import X509

/// An authority with its key: makes and signs certificates.
package struct CertificateAuthority: Sendable {
    package let certificate: PEMCertificate
    private let key: KeyPair

    /// Clocks of machines differ a little; a certificate counts from a while before it was made.
    private static let backdate: Int64 = 300

    /// - Throws: `PKIError.keyMismatch` if the two do not belong together, `PKIError.malformed` if the certificate is no authority's.
    package init(certificate: PEMCertificate, key: KeyPair, path: String = "ca.crt") throws(PKIError) {
        guard key.belongs(to: certificate) else { throw .keyMismatch(path: path) }
        guard certificate.isAuthority else { throw .malformed(what: path, reason: "it is not the certificate of an authority") }
        self.certificate = certificate
        self.key = key
    }

    /// A new authority. `now` is in seconds since 1970.
    package static func create(
        commonName: String, now: Int64, validity: Duration = CertificateSpec.tenYears, key: KeyPair = .generate()
    ) throws(PKIError) -> CertificateAuthority {
        do {
            let subject = DistinguishedName([.init(.init(type: .RDNAttributeType.commonName, utf8String: commonName))])
            let identifier = SubjectKeyIdentifier(hash: key.privateKey.publicKey)
            let certificate = try Certificate(
                version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.privateKey.publicKey,
                notValidBefore: date(now - backdate), notValidAfter: date(now + validity.components.seconds), issuer: subject, subject: subject,
                extensions: Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                    Critical(KeyUsage(digitalSignature: true, keyEncipherment: true, keyCertSign: true))
                    identifier
                    SubjectAlternativeNames([.dnsName(commonName)])
                },
                issuerPrivateKey: key.privateKey)
            return try CertificateAuthority(certificate: PEMCertificate(certificate), key: key)
        } catch let error as PKIError {
            throw error
        } catch {
            throw .invalidRequest(reason: "\(error)")
        }
    }

    /// A new certificate with a new key.
    package func issue(_ spec: CertificateSpec, now: Int64) throws(PKIError) -> (certificate: PEMCertificate, key: KeyPair) {
        let key = KeyPair.generate()
        return (try sign(spec, publicKey: key.privateKey.publicKey, now: now), key)
    }

    /// A certificate for the key of a request. Only `spec` decides what it says.
    package func sign(_ request: SigningRequest, as spec: CertificateSpec, now: Int64) throws(PKIError) -> PEMCertificate {
        try sign(spec, publicKey: request.request.publicKey, now: now)
    }

    /// A certificate that says what its request says of itself: subject and alternative names, and nothing else of the request. Whoever calls
    /// this has judged them.
    ///
    /// - Parameter usages: as in `KeyUsages`.
    /// - Parameter seconds: how long the certificate is to count from `now` on, the time before `now` included if it is 8 hours or more; at most as
    ///   long as the authority itself.
    package func sign(_ request: SigningRequest, usages: [String], seconds: Int64, now: Int64) throws(PKIError) -> PEMCertificate {
        do {
            var extensions = Certificate.Extensions()
            try extensions.append(Certificate.Extension(KeyUsages.keyUsage(usages), critical: true))
            let extended = try KeyUsages.extendedUsages(usages)
            if !extended.isEmpty { try extensions.append(Certificate.Extension(ExtendedKeyUsage(extended), critical: false)) }
            try extensions.append(Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true))
            if let identifier = try certificate.certificate.extensions.subjectKeyIdentifier?.keyIdentifier {
                try extensions.append(Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: identifier), critical: false))
            }
            let names = request.alternativeNames
            if !names.isEmpty {
                // Without a subject the names are all there is.
                try extensions.append(Certificate.Extension(SubjectAlternativeNames(names), critical: request.request.subject.isEmpty))
            }
            let length = seconds < 8 * 3600 ? seconds : seconds - Self.backdate
            return PEMCertificate(
                try Certificate(
                    version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: request.request.publicKey,
                    notValidBefore: date(max(now - Self.backdate, certificate.notBefore)),
                    notValidAfter: date(min(now + length, certificate.notAfter)), issuer: certificate.certificate.subject,
                    subject: request.request.subject, extensions: extensions, issuerPrivateKey: key.privateKey))
        } catch {
            throw .invalidRequest(reason: "\(error)")
        }
    }

    private func sign(_ spec: CertificateSpec, publicKey: Certificate.PublicKey, now: Int64) throws(PKIError) -> PEMCertificate {
        var names: [GeneralName] = spec.dnsNames.map { .dnsName($0) }
        for address in spec.ipAddresses {
            guard let bytes = IPText.bytes(address) else { throw .invalidRequest(reason: "\"\(address)\" is not an IP address") }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        names += spec.emailAddresses.map { .rfc822Name($0) } + spec.uris.map { .uniformResourceIdentifier($0) }
        do {
            let authorityIdentifier = try certificate.certificate.extensions.subjectKeyIdentifier?.keyIdentifier
            var usages: [ExtendedKeyUsage.Usage] = []
            for usage in spec.usages { usages.append(usage == .serverAuth ? .serverAuth : .clientAuth) }
            var extensions = Certificate.Extensions()
            try extensions.append(Certificate.Extension(KeyUsage(digitalSignature: true, keyEncipherment: true), critical: true))
            if !usages.isEmpty { try extensions.append(Certificate.Extension(ExtendedKeyUsage(usages), critical: false)) }
            try extensions.append(Certificate.Extension(BasicConstraints.notCertificateAuthority, critical: true))
            if let authorityIdentifier {
                try extensions.append(Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: authorityIdentifier), critical: false))
            }
            if !names.isEmpty { try extensions.append(Certificate.Extension(SubjectAlternativeNames(names), critical: false)) }
            let end = min(now + spec.validity.components.seconds, certificate.notAfter)
            return PEMCertificate(
                try Certificate(
                    version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
                    notValidBefore: date(max(now - Self.backdate, certificate.notBefore)), notValidAfter: date(end),
                    issuer: certificate.certificate.subject, subject: Self.subject(of: spec), extensions: extensions,
                    issuerPrivateKey: key.privateKey))
        } catch {
            throw .invalidRequest(reason: "\(error)")
        }
    }

    static func subject(of spec: CertificateSpec) -> DistinguishedName {
        var names = spec.organizations.map {
            RelativeDistinguishedName(.init(type: .RDNAttributeType.organizationName, utf8String: $0))
        }
        names.append(RelativeDistinguishedName(.init(type: .RDNAttributeType.commonName, utf8String: spec.commonName)))
        return DistinguishedName(names)
    }
}

private func date(_ seconds: Int64) -> Date {
    Date(timeIntervalSince1970: Double(seconds))
}
