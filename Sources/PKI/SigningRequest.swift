import SwiftASN1
package import X509

/// A request for a certificate (PKCS #10), as a `CertificateSigningRequest` object carries it.
package struct SigningRequest: Sendable {
    package let request: CertificateSigningRequest

    /// Reads and checks that the sender holds the key.
    ///
    /// - Throws: `PKIError.invalidRequest`.
    package init(pem: [UInt8]) throws(PKIError) {
        let document: PEMDocument?
        do {
            document = try PEMDocument.parseMultiple(pemString: String(decoding: pem, as: UTF8.self)).first
        } catch {
            document = nil
        }
        // The first block counts; what follows is ignored, as upstream does.
        guard let document, document.discriminator == CertificateSigningRequest.defaultPEMDiscriminator else {
            throw .invalidRequest(reason: "PEM block type must be CERTIFICATE REQUEST")
        }
        try self.init(der: document.derBytes)
    }

    /// Reads and checks that the sender holds the key.
    ///
    /// - Throws: `PKIError.invalidRequest`.
    package init(der: [UInt8]) throws(PKIError) {
        do {
            request = try CertificateSigningRequest(derEncoded: der)
        } catch {
            throw .invalidRequest(reason: "\(error)")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw .invalidRequest(reason: "its signature does not fit its key")
        }
    }

    /// A request of our own for `key`, PEM.
    package static func make(_ spec: CertificateSpec, key: KeyPair) throws(PKIError) -> [UInt8] {
        var names: [GeneralName] = spec.dnsNames.map { .dnsName($0) }
        for address in spec.ipAddresses {
            guard let bytes = IPText.bytes(address) else { throw .invalidRequest(reason: "\"\(address)\" is not an IP address") }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        do {
            var extensions = Certificate.Extensions()
            if !names.isEmpty { try extensions.append(Certificate.Extension(SubjectAlternativeNames(names), critical: false)) }
            let attributes =
                names.isEmpty
                ? CertificateSigningRequest.Attributes()
                : try CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))])
            let request = try CertificateSigningRequest(
                version: .v1, subject: CertificateAuthority.subject(of: spec), privateKey: key.privateKey, attributes: attributes)
            return Array((try request.serializeAsPEM().pemString + "\n").utf8)
        } catch {
            throw .invalidRequest(reason: "\(error)")
        }
    }

    package var commonName: String { request.subject.texts(.RDNAttributeType.commonName).first ?? "" }
    package var organizations: [String] { request.subject.texts(.RDNAttributeType.organizationName) }
    package var dnsNames: [String] { names.compactMap { if case .dnsName(let name) = $0 { name } else { nil } } }
    package var emailAddresses: [String] { names.compactMap { if case .rfc822Name(let name) = $0 { name } else { nil } } }
    package var uris: [String] { names.compactMap { if case .uniformResourceIdentifier(let uri) = $0 { uri } else { nil } } }
    package var ipAddresses: [String] {
        names.compactMap { if case .ipAddress(let bytes) = $0 { IPText.text(Array(bytes.bytes)) } else { nil } }
    }

    /// The kinds of names that are carried over into certificates.
    var alternativeNames: [GeneralName] {
        names.filter {
            switch $0 {
            case .dnsName, .ipAddress, .rfc822Name, .uniformResourceIdentifier: true
            default: false
            }
        }
    }

    private var names: [GeneralName] {
        do {
            guard let extensions = try request.attributes.extensionRequest?.extensions else { return [] }
            return try extensions.subjectAlternativeNames.map { Array($0) } ?? []
        } catch {
            return []
        }
    }
}
