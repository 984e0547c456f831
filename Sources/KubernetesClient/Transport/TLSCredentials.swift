import NIOSSL

/// The TLS side of a connection. Throws an error that names the file or field at fault.
func tlsConfiguration(_ connection: ServerConnection) throws -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if let authority = connection.certificateAuthority {
        tls.trustRoots = .certificates(try certificates(authority, named: "certificate authority"))
    }
    if connection.insecureSkipTLSVerify { tls.certificateVerification = .none }
    if let certificate = connection.clientCertificate {
        guard let key = connection.clientKey else {
            throw ConnectionConfigurationError("the user has a client certificate but no client key")
        }
        tls.certificateChain = try certificates(certificate, named: "client certificate").map { .certificate($0) }
        do {
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: try key.read(), format: .pem))
        } catch let error as FileReadError {
            throw error
        } catch {
            throw ConnectionConfigurationError("the client key\(key.path.map { " in \($0)" } ?? "") is not a PEM private key")
        }
    }
    return tls
}

private func certificates(_ pem: ServerConnection.PEM, named name: String) throws -> [NIOSSLCertificate] {
    let bytes = try pem.read()
    let place = pem.path.map { " in \($0)" } ?? ""
    do {
        let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
        if !certificates.isEmpty { return certificates }
    } catch {
        throw ConnectionConfigurationError("the \(name)\(place) is not a PEM certificate: \(error)")
    }
    throw ConnectionConfigurationError("the \(name)\(place) holds no certificate")
}
