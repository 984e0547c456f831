/// A certificate and its key on disk: made when missing, kept while it is good, made anew when it is not.
package struct CertificateFiles: Sendable {
    package let certificate: PEMCertificate
    package let certificatePEM: [UInt8]
    package let keyPEM: [UInt8]
    /// Why this certificate was made just now; nil if it was found on disk.
    package let renewal: String?

    /// How much must be left of a certificate's life.
    package static let renewBefore: Int64 = 30 * 86400

    /// The same for one whose successor would live for so long: a third of a short life.
    package static func renewBefore(_ validity: Duration) -> Int64 { min(renewBefore, validity.components.seconds / 3) }

    /// - Parameter path: without `.crt` and `.key`.
    /// - Parameter authority: nil when its key is elsewhere; then what is on disk must do.
    /// - Throws: `PKIError`. A file that cannot be read as what it should be is an error and is never overwritten.
    package static func ensure(
        _ path: String, spec: CertificateSpec, authority: CertificateAuthority?, authorityCertificate: PEMCertificate, now: Int64
    ) throws(PKIError) -> CertificateFiles {
        let reason: String
        if let found = try load(path) {
            guard let flaw = flaw(of: found, spec: spec, authority: authorityCertificate, now: now) else { return found }
            reason = flaw
        } else {
            reason = "there was none"
        }
        guard let authority else {
            throw .missingKey(path: "of the authority", needed: "\(path).crt must be made: \(reason)")
        }
        let (certificate, key) = try authority.issue(spec, now: now)
        let files = CertificateFiles(certificate: certificate, certificatePEM: try certificate.pem(), keyPEM: try key.pem(), renewal: reason)
        // The key first: a crash between the two leaves a pair that does not fit, which the next start makes anew.
        try SecretFile.write(files.keyPEM, to: path + ".key")
        try SecretFile.write(files.certificatePEM, to: path + ".crt", access: .everyone)
        return files
    }

    /// Nil if either file is missing.
    package static func load(_ path: String) throws(PKIError) -> CertificateFiles? {
        guard let certificatePEM = try SecretFile.read(path + ".crt"), let keyPEM = try SecretFile.read(path + ".key") else { return nil }
        _ = try KeyPair(pem: keyPEM, what: path + ".key")
        return CertificateFiles(
            certificate: try PEMCertificate(pem: certificatePEM, what: path + ".crt"), certificatePEM: certificatePEM, keyPEM: keyPEM, renewal: nil)
    }

    /// What speaks against using a certificate; nil if nothing does.
    static func flaw(of files: CertificateFiles, spec: CertificateSpec, authority: PEMCertificate, now: Int64) -> String? {
        let certificate = files.certificate
        do {
            guard try KeyPair(pem: files.keyPEM).belongs(to: certificate) else { return "its key did not fit" }
        } catch {
            return "its key could not be read"
        }
        if !certificate.isSigned(by: authority) { return "it was not signed by the authority in use" }
        // A new one of an authority that ends itself would not last any longer.
        if certificate.notAfter - now < renewBefore(spec.validity), certificate.notAfter < authority.notAfter { return "it expires soon" }
        if certificate.notBefore > now, certificate.notBefore > authority.notBefore { return "it is not valid yet" }
        if certificate.commonName != spec.commonName || Set(certificate.organizations) != Set(spec.organizations) { return "its subject was another" }
        let names = Set(certificate.dnsNames)
        if let missing = spec.dnsNames.first(where: { !names.contains($0) }) { return "it lacked the name \(missing)" }
        let addresses = Set(certificate.ipAddresses.compactMap { IPText.bytes($0) })
        if let missing = spec.ipAddresses.first(where: { IPText.bytes($0).map { !addresses.contains($0) } ?? false }) {
            return "it lacked the address \(missing)"
        }
        return nil
    }
}
